package stillhouse.jobs;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import stillhouse.cache.VerdictTable;
import stillhouse.data.DatasetConfig;
import stillhouse.decoder.PromptInput;
import stillhouse.student.StudentConfig;
import stillhouse.teacher.LocalTeacher;
import stillhouse.train.Checkpoint;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.TrainingPlan;
import stillhouse.train.TrainingReport;
import stillhouse.train.ValidationSettings;

/** What the runs of one train job are said to be, in MLflow and in their records. */
record RunFacts(
    RootOption root,
    DatasetConfig dataset,
    Optional<LocalTeacher> teacher,
    StudentConfig student,
    TrainingOptions options) {

  RunTracking.Facts of(PreparedRun prepared, int ranks) {
    var view = prepared.view();
    return new RunTracking.Facts(
        prepared.order().name(),
        dataset.name(),
        prepared.folder(),
        view.folder(),
        view.info().digest(),
        tags(prepared.order()),
        params(prepared, ranks),
        prepared.judged().used()
            ? Map.of(VerdictTable.path(root.uri()), prepared.judged().digest())
            : Map.of());
  }

  private Map<String, String> tags(TrainingJob.Order order) {
    Map<String, String> tags = new HashMap<>(order.tags());
    tags.put("recipe", order.recipe().name());
    tags.put("student", student.name());
    tags.put("dataset", dataset.name());
    tags.put("teacher", teacher.map(t -> t.spec().name()).orElse("none"));
    return JobTags.of("train", tags);
  }

  private Map<String, String> params(PreparedRun prepared, int ranks) {
    TrainingJob.Order order = prepared.order();
    TrainingPlan plan = prepared.run().plan();
    var info = prepared.view().info();
    Map<String, String> params = new LinkedHashMap<>();
    params.put("recipe", order.recipe().name());
    params.put("recipe_digest", order.recipe().digest().brief());
    params.put("student", student.name());
    params.put("seed", String.valueOf(order.seed()));
    params.put("ranks", String.valueOf(ranks));
    params.put("labels", String.valueOf(options.labels()));
    params.put("epochs", String.valueOf(plan.epochs()));
    if (order.recipe().isPhased()) {
      params.put("phases", phases(order.recipe(), plan));
    }
    params.put("batch", String.valueOf(plan.batch()));
    if (Experiment.needsTeacher(order.recipe())) {
      params.put("grid", String.valueOf(order.recipe().alignment().grid()));
    }
    params.put("learning_rate", String.valueOf(plan.learningRate()));
    params.put("weight_decay", String.valueOf(plan.weightDecay()));
    params.put("clip_norm", String.valueOf(plan.clipNorm()));
    params.put("accumulation", String.valueOf(plan.accumulation()));
    if (plan.averageDecay() > 0) {
      params.put("ema", String.valueOf(plan.averageDecay()));
    }
    prepared.validation().ifPresent(v -> params.put("validation", v.told()));
    prepared.review().ifPresent(r -> params.put("review", r.told()));
    params.put("train_images", String.valueOf(info.samples("train")));
    params.put("views", info.views().toString());
    params.put("view", info.digest());
    params.put("identity", prepared.run().identity().hex());
    params.putAll(prepared.judged().params());
    teacher.ifPresent(
        t -> {
          params.put("teacher_digest", t.spec().encoderDigest().hex());
          params.put("cache_encoding", Prompts.encoding(dataset));
          params.put("structure_radius", String.valueOf(dataset.cache().structureRadius()));
        });
    return params;
  }

  /** As {@code encoder 40 [encoder], decoder 20 [decoder]}. */
  private static String phases(Recipe recipe, TrainingPlan plan) {
    return IntStream.range(0, recipe.phases().size())
        .mapToObj(
            i ->
                "%s %d %s"
                    .formatted(
                        recipe.phases().get(i).name(),
                        plan.phases().get(i).epochs(),
                        recipe.phases().get(i).trains()))
        .collect(Collectors.joining(", "));
  }

  /**
   * @param best what ships where validation chose it; empty: what the run ended with ships
   */
  RunRecord record(
      PreparedRun prepared, TrainingReport report, Optional<Checkpoint> best, String mlflowRun) {
    TrainingJob.Order order = prepared.order();
    TrainingPlan plan = prepared.run().plan();
    var info = prepared.view().info();
    Optional<PromptInput> prompts = prepared.experiment().teacherDecoder().madeFor();
    String weights = best.map(Checkpoint::weightDigest).orElse(report.weights()).hex();
    return new RunRecord(
        order.name(),
        order.recipe().name(),
        student.name(),
        dataset.name(),
        "recipe.yaml",
        "student.yaml",
        info.classes(),
        info.height(),
        info.width(),
        root.relative(prepared.view().folder()),
        info.digest(),
        weights,
        report.rankDigests().stream().map(ended -> weights).toList(), // all ranks held them
        root.relative(best.map(Checkpoint::folder).orElse(report.checkpoint())),
        order.seed(),
        options.labels(),
        options.ranks(),
        report.epochs(),
        report.steps(),
        report.stepSeconds(),
        parameters(prepared),
        plan.batch(),
        plan.learningRate(),
        mlflowRun,
        new HashMap<>(report.losses()),
        prepared.run().identity().hex(),
        best.map(b -> b.position().epoch()).orElse(0),
        report.epochs() < plan.epochs(),
        best.flatMap(b -> prepared.validation()).map(ValidationSettings::split).orElse(""),
        prompts.map(PromptInput::height).orElse(0),
        prompts.map(PromptInput::width).orElse(0));
  }

  private long parameters(PreparedRun prepared) {
    var experiment =
        new Experiment(prepared.order().recipe(), student, prepared.view().folder(), 1);
    try (var network = new Network(experiment, prepared.view())) {
      return network.parameters();
    }
  }
}
