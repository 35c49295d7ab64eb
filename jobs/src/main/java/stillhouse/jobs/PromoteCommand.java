package stillhouse.jobs;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.cache.Promotion;
import stillhouse.cache.PromotionTable;
import stillhouse.conf.ConfigException;
import stillhouse.jobs.Promoter.Decision;
import stillhouse.tracking.ModelRegistry;

/** Makes a run's model the champion of MLflow's registry, where it is good enough. */
@Command(
    name = "promote",
    mixinStandardHelpOptions = true,
    description =
        "Registers a scored run's ONNX file in MLflow and makes it the champion, unless it is worse than the one before.",
    footer =
        "Exit status: 0 done, 2 something to mend, in a sentence, 3 refused by a check or by a promotion that was first.")
final class PromoteCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(PromoteCommand.class);
  @Mixin private RootOption root;
  @Mixin private TrackingOptions tracking;
  @Mixin private SplitOption split;

  @Option(names = "--run", paramLabel = "NAME", description = "the run to promote")
  private String run;

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      defaultValue = "fp32",
      description =
          "which of its files: fp32, fp16, int8, int8-cpu, int8-weight-only, points (default: ${DEFAULT-VALUE})")
  private String precision;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "the registered model (default: the data set's name)")
  private String model;

  @Option(
      names = "--max-boundary-drop",
      paramLabel = "F",
      defaultValue = "" + BoundaryCheck.MAX_DROP,
      description =
          "how far boundary IoU may fall below the champion's (default: ${DEFAULT-VALUE})")
  private double maxDrop;

  @Option(
      names = "--no-champion",
      description = "hold the run against no champion: for one whose score is lost")
  private boolean noChampion;

  @Option(
      names = "--accept-latency",
      description =
          "promote a file of another precision that was not seen to be faster than FP32: one for a machine that is not this")
  private boolean acceptLatency;

  @Option(
      names = "--take-over",
      description = "make the model this workspace's, where another one promoted it before")
  private boolean takeOver;

  @Option(
      names = "--challenger",
      description = "register the run as the challenger only; no check is made")
  private boolean challenger;

  @Option(
      names = "--reconcile",
      description = "point the alias at what the table of promotions says, and do no more")
  private boolean reconcile;

  @Override
  public Integer call() {
    requireOptions();
    return reconcile ? reconcileAll() : promote();
  }

  private void requireOptions() {
    if (reconcile == (run != null)) {
      throw new ConfigException("Give --run NAME, or --reconcile without it");
    }
    if (!(maxDrop >= 0 && maxDrop < 1)) {
      throw new ConfigException(
          "Invalid --max-boundary-drop: " + maxDrop + " (must be ≥ 0 and < 1)");
    }
    if (acceptLatency && Variant.named(precision) == Variant.FP32) {
      throw new ConfigException(
          "Give --accept-latency with --variant NAME: FP32 is what other precisions are held against");
    }
    if (model != null) {
      ModelRegistry.requireName(model);
    }
  }

  private int reconcileAll() {
    root.requireThere();
    try (var server = tracking.connect();
        var session = JobSession.open("promote: reconcile")) {
      List<String> models =
          model != null ? List.of(model) : PromotionTable.of(session.spark(), root.uri()).models();
      for (String name : models) {
        var promoter = new Promoter(session.spark(), server, root, name);
        if (promoter.champion().isPresent()) {
          promoter.own(takeOver);
        }
        String right = "alias champion of model " + name + " is where the table of promotions says";
        System.out.println(promoter.reconcile().orElse(right));
      }
      if (models.isEmpty()) {
        System.out.println("no model was promoted from this workspace yet");
      }
    }
    return 0;
  }

  private int promote() {
    Path folder = root.trained(run);
    if (challenger) {
      return challenge(folder);
    }
    Variant variant = Variant.named(precision);
    Optional<CanaryReport> broken = Contender.broken(folder, variant, split.checked());
    if (broken.isPresent()) {
      System.out.println(broken.get().verdict().text().indent(2));
      return refused(run + "." + variant.word());
    }
    Contender contender = Contender.of(folder, variant, split.checked(), root, JobSession.hadoop());
    try (var server = tracking.connect();
        var session = JobSession.open("promote " + run)) {
      return promote(
          new Promoter(session.spark(), server, root, name(contender.record())), contender);
    }
  }

  private int challenge(Path folder) {
    Contender contender =
        Contender.of(folder, Variant.named(precision), split.checked(), root, JobSession.hadoop());
    String name = name(contender.record());
    try (var server = tracking.connect();
        var session = JobSession.open("promote " + run)) {
      var promoter = new Promoter(session.spark(), server, root, name);
      if (takeOver) {
        promoter.own(true);
      }
      promoter.requireOwn();
      System.out.printf(
          "challenger of model %s: version %s, run %s%n",
          name, promoter.register(contender), contender.name());
    }
    return 0;
  }

  private String name(RunRecord record) {
    return ModelRegistry.requireName(model == null ? record.dataset() : model);
  }

  private int promote(Promoter promoter, Contender contender) {
    if (!takeOver) { // else nothing is touched until the gate has spoken
      promoter.requireOwn();
      promoter.reconcile().ifPresent(log::warn);
    }
    Decision decision =
        promoter.decide(contender, new Promoter.Terms(maxDrop, !noChampion, acceptLatency));
    System.out.println(head(promoter, decision) + "\n" + decision.verdict().text().indent(2));
    if (!decision.standing() && !decision.verdict().passed()) {
      return refused(contender.name());
    }
    promoter.own(takeOver);
    if (decision.standing()) {
      promoter.reconcile().ifPresent(log::warn);
      System.out.printf("run %s is the champion already: nothing to do%n", contender.name());
      return 0;
    }
    return finish(promoter, decision);
  }

  private static int refused(String name) {
    System.out.printf("REFUSED: run %s is not promoted; nothing was changed%n", name);
    return Stillhouse.REFUSED;
  }

  private String head(Promoter promoter, Decision decision) {
    return decision
        .before()
        .map(
            b ->
                "run %s for model %s; champion is run %s, version %s, generation %d"
                    .formatted(
                        decision.contender().name(),
                        promoter.model(),
                        b.name(),
                        b.version(),
                        b.generation()))
        .orElse(
            "run %s for model %s, which has no champion yet: the first is held against none"
                .formatted(decision.contender().name(), promoter.model()));
  }

  /** Registers what passed, and asks the table whether it may be champion. */
  static int finish(Promoter promoter, Decision decision) {
    String run = decision.contender().name();
    String id = Promoter.newId();
    String version = promoter.register(decision.contender());
    Promotion row = promoter.commit(decision, version, id);
    promoter.reconcile();
    if (!row.id().equals(id)) {
      System.out.printf(
          "REFUSED: another promotion was first: generation %d of model %s is run %s, version %s. Run %s is its challenger (version %s); promote it again to hold it against the new champion%n",
          row.generation(), row.model(), row.name(), row.version(), run, version);
      return Stillhouse.REFUSED;
    }
    System.out.printf(
        "promoted: model %s, version %s, run %s, generation %d%n",
        row.model(), row.version(), row.name(), row.generation());
    return 0;
  }
}
