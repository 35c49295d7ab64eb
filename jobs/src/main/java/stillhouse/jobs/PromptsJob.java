package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CachedFeatures;
import stillhouse.conf.ConfigException;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.prompts.PromptEvaluation;
import stillhouse.prompts.PromptPicture;
import stillhouse.prompts.PromptProtocol;
import stillhouse.prompts.PromptResult;
import stillhouse.report.ClickPanels;
import stillhouse.report.ContactSheet;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** Asks one teacher after the other about the same objects, and keeps what came of it. */
final class PromptsJob {
  private static final Logger log = LoggerFactory.getLogger(PromptsJob.class);
  private static final int PICTURED = 8;
  private static final String JSON = "prompts.json";
  private static final String PICTURE = "prompts.png";

  private final SparkSession spark;
  private final RootOption root;
  private final PromptSamples samples;
  private final PromptProtocol protocol;

  PromptsJob(SparkSession spark, RootOption root, PromptSamples samples, PromptProtocol protocol) {
    this.spark = spark;
    this.root = root;
    this.samples = samples;
    this.protocol = protocol;
  }

  /**
   * Writes {@value #JSON} and {@value #PICTURE} into {@link #folder}.
   *
   * @throws ConfigException where no image could be asked about, or none has an object
   */
  PromptsReport run(LocalTeacher teacher) throws IOException {
    TeacherSpec spec = teacher.spec();
    log.info(
        "Asking {} about the objects of {} images of split {}",
        spec.name(),
        samples.images(),
        samples.split());
    CachedFeatures features =
        CachedFeatures.of(
            spark, root.uri(), spec, Prompts.of(samples.dataset()), samples.dataset().cache());
    PromptResult result = asked(teacher, features);
    requireAnswers(spec, result);
    PromptsReport report =
        new PromptsReport(samples, spec.name(), result, costs(teacher, features));
    JsonFiles.write(folder(spec).resolve(JSON), report.json());
    return report;
  }

  private PromptResult asked(LocalTeacher teacher, CachedFeatures features) {
    String name = teacher.spec().name();
    var evaluation =
        new PromptEvaluation(protocol, root.imageTable("_prompts/" + name, samples.split()));
    try (var progress = TaskProgress.of(spark, "prompts", "images of " + name, samples.images())) {
      return evaluation.run(
          spark,
          samples.rows(),
          samples.images(),
          teacher,
          features,
          HadoopImages.of(spark),
          RunDraws.BOOTSTRAP,
          progress.done());
    }
  }

  private void requireAnswers(TeacherSpec spec, PromptResult result) {
    PromptResult.Failures failures = result.failures();
    if (result.images() + failures.images() != samples.images()) {
      throw new IllegalStateException(
          "Cannot score teacher %s: %d images were asked about and %d failed, the job began with %d of split %s. Run it again once no ingest or cache job is running."
              .formatted(
                  spec.name(),
                  result.images(),
                  failures.images(),
                  samples.images(),
                  samples.split()));
    }
    failures.examples().forEach(failure -> log.warn("Left out: {}", failure));
    if (result.images() == 0) {
      throw new ConfigException(
          "Cannot score teacher %s: none of %d images could be asked about; the first: %s"
              .formatted(spec.name(), failures.images(), failures.examples().get(0)));
    }
    if (result.objects() == 0) {
      throw new ConfigException(
          "Cannot score teacher %s: no object of split %s has %d pixels. Give a smaller --min-area."
              .formatted(spec.name(), samples.split(), protocol.minArea()));
    }
  }

  /** With a network of the driver's own, or of this JVM's tasks where there is one process. */
  private TeacherCosts costs(LocalTeacher source, CachedFeatures features) throws IOException {
    try (Teacher teacher = TeacherPool.shared().acquire(source)) {
      Files.createDirectories(folder(source.spec()));
      Files.write(folder(source.spec()).resolve(PICTURE), picture(teacher, features));
      return TeacherCosts.of(source, TeacherLatency.medianMillis(teacher, source.config()));
    }
  }

  private byte[] picture(Teacher teacher, CachedFeatures features) {
    PromptPicture picture = new PromptPicture(protocol);
    List<ContactSheet.Row> sheet = new ArrayList<>();
    for (Row row : samples.few(PICTURED)) {
      row(row, picture, teacher, features).ifPresent(sheet::add);
    }
    return ClickPanels.sheet(picture.headers(), sheet, samples.dataset().classes());
  }

  /** Empty where the image can't be asked about, which the table has said. */
  private Optional<ContactSheet.Row> row(
      Row row, PromptPicture picture, Teacher teacher, CachedFeatures features) {
    String name = Pictures.name(row);
    try {
      RgbImage image = HadoopImages.of(spark).read(row);
      Map<String, FloatTensor> maps =
          CachedFeatures.asStored(features.keys(), teacher.encode(List.of(image)).get(0));
      return picture.row(
          name, image, ImageCodec.decodeMask(row.getAs(Samples.MASK)), teacher, maps);
    } catch (RuntimeException e) {
      log.warn("Not in the picture: {}: {}", name, e.getMessage());
      return Optional.empty();
    }
  }

  /** A run of the data set's experiment. */
  void track(PromptsReport report, LocalTeacher teacher, TrackingServer server) {
    TeacherSpec spec = teacher.spec();
    Map<String, String> tags =
        JobTags.of("prompts", Map.of("recipe", "prompts", "teacher", spec.name()));
    TrackedRun run =
        server.tell(
            samples.dataset().name(),
            "prompts " + spec.name(),
            tags,
            made -> {
              made.params(params(spec));
              made.input(
                  samples.dataset().name(),
                  samples.set().digest().hex(),
                  Samples.table(root.uri()),
                  "evaluation");
              made.metrics(report.metrics(), 0);
              made.artifacts(folder(spec), "prompts");
              return made;
            });
    log.info("MLflow run {}", run.address());
  }

  private Map<String, String> params(TeacherSpec spec) {
    Map<String, String> params = new HashMap<>();
    params.put("encoder", spec.encoderDigest().hex());
    params.put("decoder", spec.decoderDigest().hex());
    params.put("preprocessing", spec.preprocessing().hex());
    params.put("split", samples.split());
    params.put("images", String.valueOf(samples.images()));
    params.put("clicks", String.valueOf(protocol.clicks()));
    params.put("min_area", String.valueOf(protocol.minArea()));
    params.put("max_area", String.valueOf(protocol.maxArea()));
    return params;
  }

  /** Where the driver keeps what a teacher came to. */
  private Path folder(TeacherSpec spec) {
    return root.runs().resolve("_prompts").resolve(spec.name() + "-" + samples.split());
  }
}
