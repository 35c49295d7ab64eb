package stillhouse.jobs;

import java.sql.Timestamp;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.Promotion;
import stillhouse.cache.PromotionTable;
import stillhouse.canary.Canary;
import stillhouse.canary.Check;
import stillhouse.canary.Verdict;
import stillhouse.conf.ConfigException;
import stillhouse.metrics.Metric;
import stillhouse.tracking.ModelRegistry;
import stillhouse.tracking.ModelRegistry.Owner;
import stillhouse.tracking.OnnxModel;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingException;
import stillhouse.tracking.TrackingServer;

/**
 * Moves a registered model's alias {@code champion}. The workspace's table of promotions decides,
 * since aliases have no compare-and-set: a promotion is the row of a generation, which the table
 * takes once; the alias follows the last row.
 */
record Promoter(SparkSession spark, TrackingServer server, RootOption root, String model) {
  private static final int TURNS = 5; // of an alias that others move at the same time

  /**
   * What the gate lets pass.
   *
   * @param maxDrop of boundary IoU below the champion's, a share
   * @param compared whether the score is held against the champion's
   * @param acceptLatency whether a file of another precision may pass that was not seen to be
   *     faster
   */
  record Terms(double maxDrop, boolean compared, boolean acceptLatency) {}

  /**
   * What the gate found.
   *
   * @param before the champion that it was held against
   */
  record Decision(
      Contender contender,
      Optional<Promotion> before,
      Verdict verdict,
      Map<String, Double> figures) {
    long generation() {
      return before.map(Promotion::generation).orElse(0L) + 1;
    }

    /** Whether its file is the champion's already. */
    boolean standing() {
      return before.filter(b -> b.onnxSha256().equals(contender.digest())).isPresent();
    }
  }

  Optional<Promotion> champion() {
    return promotions().last(model);
  }

  /** Holds a run's file against the champion and, of another precision, by its canary. */
  Decision decide(Contender contender, Terms terms) {
    Optional<Promotion> before = champion();
    List<Check> checks = new ArrayList<>();
    checks.add(Check.of("score of the file that ships", true, "SHA-256 " + contender.digest()));
    Map<String, Double> figures = new LinkedHashMap<>(figures(contender.score()));
    contender.canary(root).ifPresent(report -> canary(report, terms, checks, figures));
    Optional<Promotion> rival =
        before.filter(b -> terms.compared && !b.onnxSha256().equals(contender.digest()));
    rival.ifPresent(b -> compare(contender, b, terms.maxDrop, checks, figures));
    return new Decision(contender, before, new Verdict(checks), figures);
  }

  private static void canary(
      CanaryReport report, Terms terms, List<Check> checks, Map<String, Double> figures) {
    for (Check check : report.checks()) {
      boolean accepted =
          !check.passed() && terms.acceptLatency && check.name().equals(Canary.LATENCY);
      checks.add(
          new Check(
              "canary, " + check.name(),
              check.passed() || accepted,
              check.figures() + (accepted ? " (accepted by --accept-latency)" : ""),
              check.values()));
      if (accepted) {
        figures.put("canary_latency_accepted", 1.0);
      }
    }
    report.values().forEach((name, value) -> figures.put("canary_" + name, value));
  }

  private void compare(
      Contender contender,
      Promotion before,
      double maxDrop,
      List<Check> checks,
      Map<String, Double> figures) {
    Contender champion =
        Contender.champion(
            before, contender.score().split(), root, spark.sparkContext().hadoopConfiguration());
    contender.requireSameImages(champion, root);
    checks.add(
        Check.of(
            "same images as the champion's score",
            true,
            String.format(
                Locale.ROOT,
                "split %s, %.0f images",
                contender.score().split(),
                contender.score().metrics().getOrDefault("images", Double.NaN))));
    Check boundary =
        new BoundaryCheck(spark, root, maxDrop)
            .of(champion.evaluated(), "champion's", contender.evaluated());
    checks.add(boundary);
    figures.putAll(boundary.values());
  }

  private static Map<String, Double> figures(Score score) {
    Map<String, Double> figures = new LinkedHashMap<>();
    for (Metric metric : Metric.values()) {
      Double value = score.metrics().get(metric.key());
      if (value != null) {
        figures.put(metric.key(), value);
      }
    }
    figures.put("ms_per_image", score.millis());
    return figures;
  }

  /** Puts a run's file into the registry, as the challenger; its version there. */
  String register(Contender contender) {
    try (TrackedRun run = server.resume(contender.record().mlflowRun())) {
      ModelRegistry registry = server.registry();
      String version =
          registry.register(
              model,
              run,
              OnnxModel.write(
                  contender.file().require(), contender.file().scores().resolve("model"), run.id()),
              contender.digest(),
              contender.tags());
      registry.setAlias(model, ModelRegistry.CHALLENGER, version);
      return version;
    }
  }

  /**
   * Asks the table for the generation after the champion that the gate saw.
   *
   * @param version in the registry
   * @return the row of that generation: ours, or that of the promoter who was first
   */
  Promotion commit(Decision decision, String version, String id) {
    return promotions()
        .append(
            new Promotion(
                id,
                model,
                decision.generation(),
                version,
                decision.before().map(Promotion::version).orElse(""),
                decision.contender().record().name(),
                decision.contender().file().variant().word(),
                decision.contender().record().mlflowRun(),
                decision.contender().digest(),
                decision.contender().score().split(),
                decision.contender().score().samples(),
                decision.figures(),
                Timestamp.from(Instant.now().truncatedTo(ChronoUnit.MILLIS))));
  }

  /**
   * @throws ConfigException where the model is another workspace's
   */
  void requireOwn() {
    server
        .registry()
        .owner(model)
        .filter(owner -> !Optional.of(owner.id()).equals(promotions().id()))
        .ifPresent(this::refuse);
  }

  private void refuse(Owner owner) {
    throw new ConfigException(
        "Cannot promote model %s at %s: it belongs to the workspace %s (table of promotions %s), and this is %s. Promote from there, give --model NAME to have one of this workspace's own, or --take-over to make it this workspace's."
            .formatted(model, server.uri(), owner.place(), owner.id(), root.uri()));
  }

  /**
   * Makes the model this workspace's, so that no other moves its aliases.
   *
   * @param takeOver whether it may be another's
   * @throws ConfigException where it is another's, or became it meanwhile
   */
  void own(boolean takeOver) {
    if (!takeOver) {
      requireOwn();
    }
    Owner self = new Owner(promotions().create(), root.uri());
    ModelRegistry registry = server.registry();
    if (!registry.owner(model).map(Owner::id).equals(Optional.of(self.id()))) {
      registry.own(model, self);
      requireOwn(); // of two that found no owner, the one that said so first hears it here or later
    }
  }

  static String newId() {
    return UUID.randomUUID().toString();
  }

  /**
   * Points the alias at what the table says. The table is asked again after each move: one that
   * moves the alias late, to what was champion before, so sees the row that came meanwhile.
   *
   * @return what was put right; empty where the alias was right
   * @throws ConfigException where it is another workspace's to move
   */
  Optional<String> reconcile() {
    ModelRegistry registry = server.registry();
    Optional<String> told = Optional.empty();
    for (int turn = 0; turn < TURNS; turn++) {
      Optional<Promotion> last = champion();
      if (last.isEmpty()) {
        return registry.alias(model, ModelRegistry.CHAMPION).map(this::unknown);
      }
      Optional<String> there = registry.alias(model, ModelRegistry.CHAMPION);
      if (there.equals(Optional.of(last.get().version()))) {
        return told;
      }
      requireOwn();
      registry.setAlias(model, ModelRegistry.CHAMPION, last.get().version());
      told = Optional.of(moved(there, last.get()));
    }
    throw new TrackingException(
        "Cannot keep alias champion of model %s at %s where the table of promotions says: it was moved %d times meanwhile. Stop what else moves it, and run promote --reconcile."
            .formatted(model, server.uri(), TURNS));
  }

  private String unknown(String version) {
    return "alias champion of model %s points at version %s, which no promotion of this workspace made: it counts as no champion"
        .formatted(model, version);
  }

  private String moved(Optional<String> from, Promotion to) {
    return "alias champion of model %s pointed at %s; the table of promotions says version %s (run %s, generation %d), and so does it now"
        .formatted(
            model,
            from.map(v -> "version " + v).orElse("none"),
            to.version(),
            to.name(),
            to.generation());
  }

  private PromotionTable promotions() {
    return PromotionTable.of(spark, root.uri());
  }
}
