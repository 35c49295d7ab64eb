package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.teacher.FallbackPlan;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.MaskSelection;
import stillhouse.teacher.PointGrid;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.SaliencyPoints;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;

class CachePromptsTest {
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 1, 512, 2);

  /** The teacher in memory answers with the whole image each time. */
  private static final MaskSelection ALL_ALIKE = new MaskSelection(5, 0.9, 0, 1);

  private static final TeacherSource TEACHER = InMemoryTeacher.promptable("p");
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  @BeforeEach
  void forget() {
    InMemoryTeacher.ENCODED.set(0);
    InMemoryTeacher.DECODED.set(0);
  }

  /** One cache, asked in one way after the other. */
  @Test
  void anotherPromptSetRunsDecodersOnly() throws IOException {
    Workspace workspace =
        new Workspace(spark, folder).add("a", 1, mask(1)).add("b", 2, null).write();
    PromptPlan boxes = new FallbackPlan(new LabelBoxes(1, 9), grid(1, 1));
    run(workspace, boxes);
    assertThat(InMemoryTeacher.ENCODED).hasValue(InMemoryTeacher.BATCH);
    assertThat(InMemoryTeacher.DECODED).as("a box, and a point of the other").hasValue(2);

    forget();
    CacheReport grid = run(workspace, grid(4, 5));
    assertThat(InMemoryTeacher.ENCODED).hasValue(0);
    assertThat(InMemoryTeacher.DECODED).hasValue(2 * 20);
    assertThat(grid.features()).isEqualTo(new CacheReport.Pass(0, 2));
    assertThat(grid.answers())
        .as("of equal masks one is kept")
        .isEqualTo(new CacheReport.Pass(2, 0));
    assertThat(grid.structure().written()).isZero();
    assertThat(answers(workspace, grid(4, 5)).filter("prompt LIKE '{\"point\":[0.6,0.5]%'").count())
        .as("the first of equals")
        .isEqualTo(2);

    whoAsksTheDecoderReadsWhatTheEncoderWouldSayNow(workspace);
    whereNothingIsKeptTheImageIsCachedWithoutAnswers(workspace);
    correctedLabelsAreNewsToThePlanThatReadsThem(
        new Workspace(spark, folder).add("a", 1, mask(2)).add("b", 2, null).write(), boxes);
    readsPicturesForThePlanThatLooksAtThem(workspace);
  }

  /** As it would be stored: sevenths do not fit fp16. */
  private static void whoAsksTheDecoderReadsWhatTheEncoderWouldSayNow(Workspace workspace) {
    Dataset<Row> samples = workspace.tables().samples(spark);
    CachedFeatures features = features(workspace, TEACHER);
    List<Row> rows = new ArrayList<>();
    features.cached(samples, part -> rows.addAll(part.collectAsList()));
    assertThat(rows).hasSize(2);
    assertThat(features.missing(samples).count()).isZero();
    try (Teacher teacher = TEACHER.open()) {
      for (Row row : rows) {
        RgbImage image = Workspace.read(row.getAs("image_uri"), row.getAs("content_sha256"));
        Map<String, FloatTensor> said =
            CachedFeatures.asStored(
                features.keys(), teacher.encode(List.of(image, image, image)).get(0));
        Map<String, FloatTensor> read = CachedFeatures.read(features.keys(), row);
        assertThat(read.keySet()).containsExactlyInAnyOrderElementsOf(TEACHER.spec().layers());
        read.forEach(
            (layer, map) ->
                assertThat(map.data()).as(layer).containsExactly(said.get(layer).data()));
      }
    }
    CachedFeatures others = features(workspace, InMemoryTeacher.promptable("another"));
    assertThat(others.missing(samples).count()).isEqualTo(2);
    others.cached(samples, part -> assertThat(part.count()).isZero());
  }

  private static CachedFeatures features(Workspace workspace, TeacherSource teacher) {
    return CachedFeatures.of(spark, workspace.root(), teacher.spec(), grid(1, 1), OPTIONS.cache());
  }

  private static void whereNothingIsKeptTheImageIsCachedWithoutAnswers(Workspace workspace) {
    PromptPlan sure = new PointGrid(2, 2, 1, new MaskSelection(5, 0.9, 0.75, 1));
    assertThat(run(workspace, sure).cached()).isEqualTo(2);
    assertThat(answers(workspace, sure).filter("prompt = 'none' AND logits IS NULL").count())
        .isEqualTo(2);
  }

  private static void correctedLabelsAreNewsToThePlanThatReadsThem(
      Workspace workspace, PromptPlan boxes) {
    InMemoryTeacher.DECODED.set(0);
    assertThat(run(workspace, grid(4, 5)).answers()).isEqualTo(new CacheReport.Pass(0, 2));
    assertThat(InMemoryTeacher.DECODED).hasValue(0);
    assertThat(run(workspace, boxes).answers()).isEqualTo(new CacheReport.Pass(1, 1));
    assertThat(answers(workspace, boxes).filter("class_id = 2").count()).isEqualTo(1);
  }

  private static void readsPicturesForThePlanThatLooksAtThem(Workspace workspace)
      throws IOException {
    workspace.damage("b");
    PromptPlan saliency = new SaliencyPoints(3, 7, ALL_ALIKE);
    CacheReport report = run(workspace, saliency);
    assertThat(report.cached()).isEqualTo(1);
    assertThat(report.quarantined()).isEqualTo(1);
    Row failure = CacheTables.delta(spark, workspace.tables().quarantinePath()).first();
    assertThat(failure.<String>getAs("reason")).isEqualTo("image unreadable");
    assertThat(failure.<String>getAs("stage")).isEqualTo("cache: answers");
    assertThat(answers(workspace, saliency).filter("class_id = 7").count()).isEqualTo(1);
    assertThat(run(workspace, grid(2, 1)).quarantined()).as("a grid needs no pixels").isZero();
  }

  @Test
  void aFingerprintHasThePlanAndTheLabelsThatItReads() {
    CacheKeys grid = CacheKeys.of(TEACHER.spec(), grid(4, 5), OPTIONS);
    Optional<byte[]> labels = Optional.of(mask(1));
    assertThat(CacheKeys.of(TEACHER.spec(), grid(3, 5), OPTIONS).promptFingerprint(labels))
        .isNotEqualTo(grid.promptFingerprint(labels));
    assertThat(grid.promptFingerprint(labels))
        .isEqualTo(grid.promptFingerprint(Optional.of(mask(2))))
        .isEqualTo(grid.promptFingerprint(Optional.empty()));
    CacheKeys boxes = CacheKeys.of(TEACHER.spec(), new LabelBoxes(1, 9), OPTIONS);
    assertThat(
            List.of(
                boxes.promptFingerprint(labels),
                boxes.promptFingerprint(Optional.of(mask(2))),
                boxes.promptFingerprint(Optional.empty())))
        .doesNotHaveDuplicates();
  }

  private static PromptPlan grid(int rows, int columns) {
    return new PointGrid(rows, columns, 1, ALL_ALIKE);
  }

  private static CacheReport run(Workspace workspace, PromptPlan plan) {
    return workspace.refresh(Progress.NONE).run(spark, workspace.root(), TEACHER, plan, OPTIONS);
  }

  /** Of the plan, as the workspace's samples have it. */
  private static Dataset<Row> answers(Workspace workspace, PromptPlan plan) {
    CacheKeys keys = CacheKeys.of(TEACHER.spec(), plan, OPTIONS);
    Dataset<Row> samples = CacheTables.keyed(workspace.tables().samples(spark), keys);
    return workspace
        .tables()
        .answers(spark)
        .join(
            samples.select(CacheTables.PROMPT_FINGERPRINT).distinct(),
            CacheTables.PROMPT_FINGERPRINT);
  }

  private static byte[] mask(int classId) {
    byte[] mask = new byte[Workspace.WIDTH * Workspace.HEIGHT];
    mask[0] = (byte) classId;
    return ImageCodec.encodePng(new ClassMask(Workspace.WIDTH, Workspace.HEIGHT, mask));
  }
}
