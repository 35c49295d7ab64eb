package stillhouse.jobs;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.student.StudentConfig;
import stillhouse.teacher.LocalTeacher;
import stillhouse.train.BarrierTraining;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.ReviewSettings;

/** Trains students: every recipe with every seed, one MLflow run each. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Trains a student by each recipe and seed over the cluster's ranks.")
final class TrainCommand implements Callable<Integer>, Foreseeing {
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
      paramLabel = "N",
      split = ",",
      defaultValue = "0",
      description = "seeds, each a run of its own (default: ${DEFAULT-VALUE})")
  private Set<Long> seeds = new LinkedHashSet<>();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "name of the run, where there is one only")
  private Optional<String> name = Optional.empty();

  @Option(
      names = "--names-out",
      paramLabel = "FILE",
      description = "gets the runs' names, one a line, once all of them are trained")
  private Optional<Path> namesOut = Optional.empty();

  @Spec private CommandSpec spec;

  @Override
  public void requireNamed() {
    data.requireNamed();
    teacher.requireNamed();
    ConfFiles.foreseen("students", student).ifPresent(StudentConfig::load);
    for (String recipe : recipes) {
      ConfFiles.foreseen("recipes", recipe).ifPresent(Recipe::load);
    }
  }

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    var studentFile = ConfFiles.find("students", student);
    StudentConfig config = StudentConfig.load(studentFile);
    Optional<LocalTeacher> source = teacher.find(dataset);
    List<TrainingJob.Order> orders = orders(config, source);
    requireNames(orders);
    Network.requirePretrained(config);
    root.requireThere();
    List<String> lacking;
    try (var server = tracking.connect();
        var session = openSession(dataset)) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      var job =
          new TrainingJob(
              session.spark(), server, root, dataset, source, config, studentFile, training);
      lacking = job.run(orders);
      log.info("{} runs are done; they are in {}", orders.size(), root.runs());
    }
    namesOut.ifPresent(file -> write(file, orders));
    if (lacking.isEmpty()) {
      return 0;
    }
    PrintWriter err = spec.commandLine().getErr();
    err.printf(
        "error: %d of %d runs are trained, but not complete in MLflow. %s%n",
        lacking.size(), orders.size(), RunTracking.REMEDY);
    lacking.forEach(run -> err.println("  " + run));
    return Stillhouse.FAILED;
  }

  private List<TrainingJob.Order> orders(StudentConfig config, Optional<LocalTeacher> source) {
    List<TrainingJob.Order> orders = new ArrayList<>();
    for (String recipe : recipes) {
      var file = ConfFiles.find("recipes", recipe);
      Recipe loaded = training.apply(Recipe.load(file));
      requireTeacher(loaded, source);
      requireReviewer(loaded, source);
      for (long seed : seeds) {
        String called = RunName.of(config.name(), loaded.name(), training.labels(), seed);
        orders.add(
            new TrainingJob.Order(
                loaded, file, seed, name.map(RunName::require).orElse(called), Map.of()));
      }
    }
    return orders;
  }

  private void requireNames(List<TrainingJob.Order> orders) {
    if (name.isPresent() && orders.size() > 1) {
      throw new ConfigException(
          "Invalid --name: "
              + name.get()
              + " for "
              + orders.size()
              + " runs (give one recipe and one seed)");
    }
    Set<String> names = new HashSet<>();
    for (TrainingJob.Order order : orders) {
      if (!names.add(order.name())) {
        throw new ConfigException(
            "Invalid --recipe: two runs are named "
                + order.name()
                + " (give each recipe once, and recipes of different names)");
      }
    }
    if (namesOut.filter(Files::isDirectory).isPresent()) {
      throw new ConfigException("Invalid --names-out: " + namesOut.get() + " (must be a file)");
    }
  }

  private static void write(Path file, List<TrainingJob.Order> orders) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.write(file, orders.stream().map(TrainingJob.Order::name).toList());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the runs' names to " + file, e);
    }
  }

  /** Refuses a cluster that can't train before it is started. */
  private JobSession openSession(DatasetConfig dataset) {
    BarrierTraining.requireCluster(JobSession.settings(), training.ranks());
    return JobSession.open("train " + dataset.name());
  }

  /**
   * @throws ConfigException where a student is to be held against a teacher, and there is none
   */
  static void requireReviewer(Recipe recipe, Optional<LocalTeacher> source) {
    ReviewSettings review = recipe.training().review();
    if (review != null && source.filter(t -> t.spec().answers()).isEmpty()) {
      throw new ConfigException(
          "Cannot review the student of recipe %s every %d epochs: no teacher that gives masks is named. Give --teacher NAME, or --review-every 0."
              .formatted(recipe.name(), review.everyEpochs()));
    }
  }

  /**
   * @throws ConfigException where the recipe needs what no teacher, or this one, says
   */
  static void requireTeacher(Recipe recipe, Optional<LocalTeacher> source) {
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
}
