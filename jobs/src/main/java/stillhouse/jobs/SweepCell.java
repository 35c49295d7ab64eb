package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.conf.ConfFiles;
import stillhouse.student.StudentConfig;
import stillhouse.train.Experiment;
import stillhouse.train.Phase;
import stillhouse.train.Recipe;
import stillhouse.train.TrainingSettings;

/**
 * One line of a sweep's table: a student, a run and a share of labels, with every seed.
 *
 * @param sweep name of the sweep
 * @param run its name in the sweep
 * @param source the recipe's file, as it stands
 * @param recipe the same with the sweep's words in it, named {@code SWEEP_RUN}: neither has an
 *     underscore in it
 * @param labels share of the training images whose labels count
 */
record SweepCell(
    String sweep,
    String run,
    Path studentFile,
    StudentConfig student,
    Path source,
    Recipe recipe,
    double labels,
    TrainingOptions options) {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  /**
   * @throws stillhouse.conf.ConfigException where the recipe can't be read or trained so
   */
  static SweepCell of(
      SweepConfig config,
      Path studentFile,
      StudentConfig student,
      SweepConfig.Run run,
      double labels,
      SweepOptions over) {
    SweepConfig.Every settings = run.settings(config.every());
    TrainingOptions options =
        TrainingOptions.of(
            settings.epochs(),
            settings.steps(),
            settings.batch(),
            settings.learningRate(),
            settings.grid(),
            labels,
            over.ranks(config.ranks()),
            over.partial(),
            config.verdicts() || over.verdicts(),
            over.review());
    Path source = ConfFiles.find("recipes", run.recipe());
    Recipe read = Recipe.load(source);
    Recipe recipe = read.with(config.name() + "_" + run.name(), read.alignment());
    if (config.review() != null) {
      TrainingSettings training = recipe.training();
      recipe = recipe.withTraining(training.with(training.validation(), config.review()));
    }
    return new SweepCell(
        config.name(),
        run.name(),
        studentFile,
        student,
        source,
        options.apply(recipe),
        labels,
        options);
  }

  String runName(long seed) {
    return RunName.of(student.name(), recipe.name(), labels, seed);
  }

  /** Its line's name in pictures, with what tells it from others of the sweep. */
  String title(boolean withStudent, boolean withLabels) {
    return run
        + (withLabels ? " " + RunName.percent(labels) + " %" : "")
        + (withStudent ? " " + student.name() : "");
  }

  private void writePhases(ArrayNode phases) {
    for (int i = 0; i < phases.size(); i++) {
      Phase phase = recipe.phases().get(i);
      ObjectNode written = ((ObjectNode) phases.get(i)).put("epochs", phase.epochs());
      if (phase.learningRate() != null) {
        written.put("learningRate", phase.learningRate());
      }
    }
  }

  /**
   * Writes the recipe as it is trained, so that the run's folder and MLflow have it.
   *
   * @return the file
   */
  Path writeRecipe(Path folder) {
    Path file = folder.resolve(recipe.name() + ".yaml");
    try {
      ObjectNode tree = (ObjectNode) YAML.readTree(source.toFile());
      tree.put("name", recipe.name());
      TrainingSettings training = recipe.training();
      ObjectNode trained = (ObjectNode) tree.get("training");
      trained.put("batch", training.batch());
      if (recipe.isPhased()) {
        writePhases((ArrayNode) tree.get("phases"));
      } else {
        trained.put("epochs", training.epochs());
      }
      ((ObjectNode) trained.get("optimizer"))
          .put("learningRate", training.optimizer().learningRate());
      trained.remove("review");
      if (training.review() != null) {
        trained.set("review", YAML.valueToTree(training.review()));
      }
      if (Experiment.needsTeacher(recipe)) {
        tree.putObject("alignment").set("grid", recipe.alignment().text());
      }
      Files.createDirectories(folder);
      String head =
          "# Made of %s by sweep %s, run %s.%s\n".formatted(source, sweep, run, options.length());
      Files.writeString(file, head + YAML.writeValueAsString(tree));
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write recipe " + file + " of " + source, e);
    }
  }
}
