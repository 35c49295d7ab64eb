package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.prompts.PromptProtocol;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.tracking.TrackingServer;

/** How well promptable networks answer points, boxes and further clicks. */
@Command(
    name = "prompts",
    mixinStandardHelpOptions = true,
    description = {
      "Scores promptable teachers on each object of a labelled split: asked by a point, by clicks that"
          + " follow where the answer is wrong, and by its box.",
      "",
      "An object is a connected component of a class. Clicks and boxes are made of the true labels."
    })
final class PromptsCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(PromptsCommand.class);

  private static final List<String> GRANULARITIES = List.of("none", "proposals", "both");

  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TrackingOptions tracking;

  @Option(
      names = "--teacher",
      required = true,
      split = ",",
      paramLabel = "NAME",
      description = "one or more: YAML files, or names of conf/teachers")
  private List<String> names;

  @Mixin private SplitOption split;

  @Option(
      names = "--clicks",
      defaultValue = "3",
      paramLabel = "N",
      description = "after the first point, 1 to 20 (default: ${DEFAULT-VALUE})")
  private int clicks;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "images at most, always the same ones, drawn by a hash (default: all)")
  private Integer limit;

  @Option(
      names = "--min-area",
      paramLabel = "PIXELS",
      description = "smaller objects are left out (default: the data set's prompts: {minArea})")
  private Integer minArea;

  @Option(
      names = "--max-area",
      paramLabel = "SHARE",
      defaultValue = "1",
      description =
          "of the answers to a first point the surest over at most this share of the image is taken"
              + " (default: ${DEFAULT-VALUE}, the surest of all)")
  private double maxArea;

  @Option(
      names = "--granularity",
      paramLabel = "WHAT",
      description =
          "what a lone point goes in with: proposals, the box of the teacher's proposals; none; or both, one"
              + " after the other (default: the data set's prompts: {granularity}, else as the teacher's YAML says)")
  private String granularity;

  @Option(names = "--summary", paramLabel = "FILE", description = "also write the table as JSON")
  private Path summary;

  @Override
  public Integer call() throws IOException {
    DatasetConfig dataset = data.load();
    requireOptions();
    List<LocalTeacher> teachers = teachers(dataset);
    root.requireThere();
    try (var server = tracking.connect();
        var session = JobSession.open("prompts " + dataset.name())) {
      SparkSession spark = session.spark();
      IngestedDataset.require(spark, root.uri(), dataset);
      try (var pinned = new RunPins(spark, root.uri()).evaluating()) {
        run(spark, server, dataset, teachers);
      }
    }
    return 0;
  }

  private void run(
      SparkSession spark, TrackingServer server, DatasetConfig dataset, List<LocalTeacher> teachers)
      throws IOException {
    PromptSamples samples = PromptSamples.of(spark, root.uri(), dataset, split.checked(), limit());
    List<PromptsReport> reports = new ArrayList<>();
    for (LocalTeacher teacher : teachers) {
      PromptProtocol protocol =
          new PromptProtocol(
              clicks,
              minArea(dataset),
              maxArea,
              teacher.config().takesPoints(),
              teacher.config().takesBoxes());
      var job = new PromptsJob(spark, root, samples, protocol);
      PromptsReport report = job.run(teacher);
      job.track(report, teacher, server);
      reports.add(report);
    }
    System.out.println(PromptsText.of(samples, reports));
    log.info("MLflow experiment {} at {}", dataset.name(), server.uri());
    if (summary != null) {
      JsonFiles.write(summary, reports.stream().map(PromptsReport::json).toList());
      log.info("Wrote {}", summary);
    }
  }

  /** A teacher with its proposals, without, or both ways under two names. */
  private Stream<TeacherConfig> asked(TeacherConfig teacher, DatasetConfig dataset) {
    if (granularity == null) {
      return Stream.of(Prompts.chosen(dataset, teacher));
    }
    boolean proposes = teacher.granularity() != null;
    if (granularity.equals("proposals") && !proposes) {
      throw new ConfigException(
          "Invalid --granularity: proposals (teacher %s has none: its YAML needs files.proposals and granularity, or leave the option out)"
              .formatted(teacher.name()));
    }
    if (!proposes || granularity.equals("proposals")) {
      return Stream.of(teacher);
    }
    TeacherConfig without =
        teacher.withoutGranularity().named(teacher.name() + ".without-proposals");
    return granularity.equals("both") ? Stream.of(teacher, without) : Stream.of(without);
  }

  private OptionalInt limit() {
    return limit == null ? OptionalInt.empty() : OptionalInt.of(limit);
  }

  private int minArea(DatasetConfig dataset) {
    return minArea == null ? dataset.prompts().minArea() : minArea;
  }

  private void requireOptions() {
    split.checked();
    if (clicks < 1 || clicks > PromptProtocol.MOST_CLICKS) {
      throw new ConfigException(
          "Invalid --clicks: %d (must be 1 to %d; what a teacher takes of a point and a box is asked in any case)"
              .formatted(clicks, PromptProtocol.MOST_CLICKS));
    }
    if (granularity != null && !GRANULARITIES.contains(granularity)) {
      throw new ConfigException(
          "Invalid --granularity: %s (must be one of %s)".formatted(granularity, GRANULARITIES));
    }
    if (limit != null && limit < 1) {
      throw new ConfigException(
          "Invalid --limit: " + limit + " (must be ≥ 1; leave it out for all)");
    }
    if (minArea != null && minArea < 1) {
      throw new ConfigException("Invalid --min-area: " + minArea + " (must be ≥ 1)");
    }
    if (!(maxArea > 0 && maxArea <= 1)) {
      throw new ConfigException("Invalid --max-area: " + maxArea + " (must be > 0 and ≤ 1)");
    }
  }

  /** Their files are checked before Spark starts. */
  private List<LocalTeacher> teachers(DatasetConfig dataset) {
    Set<String> seen = new HashSet<>();
    List<TeacherConfig> configs =
        names.stream()
            .map(TeacherConfig::find)
            .flatMap(teacher -> asked(teacher, dataset))
            .toList();
    for (TeacherConfig config : configs) {
      if (!config.spec().promptable()) {
        throw new ConfigException(
            "Cannot ask teacher %s by prompts: it has no decoder (its YAML names none). Name a promptable one, such as sam2-hiera-tiny."
                .formatted(config.name()));
      }
      if (!seen.add(config.name())) {
        throw new ConfigException(
            "Invalid --teacher: two are named " + config.name() + " (give each a name of its own)");
      }
    }
    return configs.stream()
        .map(config -> TeacherFiles.resolve(config, TeacherFiles.defaultCache()))
        .toList();
  }
}
