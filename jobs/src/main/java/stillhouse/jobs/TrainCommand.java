package stillhouse.jobs;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.student.StudentConfig;
import stillhouse.teacher.LocalTeacher;
import stillhouse.train.BarrierTraining;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;

/** Trains students: every recipe with every seed, one MLflow run each. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Trains a student by each recipe and seed over the cluster's ranks.")
final class TrainCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(TrainCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private TrackingOptions tracking;
  @Mixin private TrainingOptions training;

  @Option(
      names = "--recipe",
      required = true,
      split = ",",
      paramLabel = "NAME",
      description = "YAML files, or names of conf/recipes")
  private List<String> recipes;

  @Option(
      names = "--student",
      defaultValue = "tiny-conv",
      paramLabel = "NAME",
      description = "a YAML file, or a name of conf/students (default: ${DEFAULT-VALUE})")
  private String student;

  @Option(
      names = "--seed",
      split = ",",
      defaultValue = "0",
      description = "seeds, each a run of its own (default: ${DEFAULT-VALUE})")
  private Set<Long> seeds = new LinkedHashSet<>();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "name of the run, where there is one only")
  private Optional<String> name = Optional.empty();

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    var studentFile = ConfFiles.find("students", student);
    StudentConfig config = StudentConfig.load(studentFile);
    Optional<LocalTeacher> source = teacher.find();
    List<TrainingJob.Order> orders = new ArrayList<>();
    for (String recipe : recipes) {
      var file = ConfFiles.find("recipes", recipe);
      Recipe loaded = training.apply(Recipe.load(file));
      requireTeacher(loaded, source);
      seeds.forEach(
          seed ->
              orders.add(new TrainingJob.Order(loaded, file, seed, runName(config, loaded, seed))));
    }
    if (name.isPresent() && orders.size() > 1) {
      throw new ConfigException(
          "Invalid --name: "
              + name.get()
              + " for "
              + orders.size()
              + " runs (give one recipe and one seed)");
    }
    try (var server = tracking.connect();
        var session = openSession(dataset)) {
      var job =
          new TrainingJob(
              session.spark(), server, root, dataset, source, config, studentFile, training);
      orders.forEach(job::run);
      log.info("{} runs are done; they are in {}", orders.size(), root.runs());
    }
    return 0;
  }

  /** Refuses a cluster that can't train before it is started. */
  private JobSession openSession(DatasetConfig dataset) {
    BarrierTraining.requireCluster(JobSession.settings(), training.ranks());
    return JobSession.open("train " + dataset.name());
  }

  private static void requireTeacher(Recipe recipe, Optional<LocalTeacher> source) {
    if (Experiment.needsTeacher(recipe) && source.isEmpty()) {
      throw new ConfigException(
          "Recipe " + recipe.name() + " learns from a teacher's answers. Give --teacher NAME.");
    }
    boolean mute = source.isPresent() && !source.get().spec().answers();
    if (mute && Experiment.needsLogits(recipe)) {
      throw new ConfigException(
          "Recipe "
              + recipe.name()
              + " learns from a teacher's logits, and teacher "
              + source.get().spec().name()
              + " gives none: its YAML names neither logits nor a decoder. Take a recipe that"
              + " learns from features alone, such as sard, or another teacher.");
    }
  }

  /**
   * What tells runs of one workspace apart: student, recipe, seed, and labels where not all count.
   */
  private String runName(StudentConfig config, Recipe recipe, long seed) {
    String labels = training.labels() < 1 ? ".l" + Math.round(100 * training.labels()) : "";
    return name.orElse(config.name() + "." + recipe.name() + labels + ".s" + seed);
  }
}
