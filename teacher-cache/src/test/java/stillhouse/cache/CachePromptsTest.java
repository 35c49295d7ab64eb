package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
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
import stillhouse.teacher.FallbackPlan;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.MaskSelection;
import stillhouse.teacher.PointGrid;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.SaliencyPoints;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;

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

  @Test
  void anotherPromptSetRunsDecodersOnly() {
    Workspace workspace =
        new Workspace(spark, folder).add("a", 1, mask(1)).add("b", 2, null).write();

    run(workspace, new LabelBoxes(1, 9));
    assertThat(InMemoryTeacher.ENCODED).hasValue(InMemoryTeacher.BATCH);
    assertThat(InMemoryTeacher.DECODED).as("the unlabelled image is asked nothing").hasValue(1);

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

    forget();
    assertThat(run(workspace, grid(4, 5)).answers()).isEqualTo(new CacheReport.Pass(0, 2));
    assertThat(InMemoryTeacher.DECODED).hasValue(0);
    assertThat(run(workspace, grid(3, 5)).answers().written()).isEqualTo(2);
  }

  @Test
  void correctedLabelsAreNewsToPlansThatReadThem() {
    Workspace workspace = new Workspace(spark, folder).add("a", 1, mask(1)).write();
    PromptPlan boxes = new FallbackPlan(new LabelBoxes(1, 9), grid(2, 2));
    run(workspace, boxes);
    run(workspace, grid(2, 2));

    Workspace corrected = new Workspace(spark, folder).add("a", 1, mask(2)).write();

    assertThat(run(corrected, grid(2, 2)).answers()).isEqualTo(new CacheReport.Pass(0, 1));
    assertThat(run(corrected, boxes).answers()).isEqualTo(new CacheReport.Pass(1, 0));
    assertThat(answers(corrected, boxes).filter("class_id = 2").count()).isEqualTo(1);
  }

  @Test
  void readsPicturesForThePlanThatLooksAtThem() throws IOException {
    Workspace workspace =
        new Workspace(spark, folder).add("a", 1, null).add("gone", 2, null).write();
    run(workspace, grid(1, 1));
    workspace.damage("gone");
    forget();

    CacheReport report = run(workspace, new SaliencyPoints(3, 7, ALL_ALIKE));

    assertThat(InMemoryTeacher.ENCODED).hasValue(0);
    assertThat(report.cached()).isEqualTo(1);
    assertThat(report.quarantined()).isEqualTo(1);
    Row failure = CacheTables.delta(spark, workspace.tables().quarantinePath()).first();
    assertThat(failure.<String>getAs("reason")).isEqualTo("image unreadable");
    assertThat(failure.<String>getAs("stage")).isEqualTo("cache: answers");
    assertThat(
            answers(workspace, new SaliencyPoints(3, 7, ALL_ALIKE)).filter("class_id = 7").count())
        .isEqualTo(1);
    assertThat(run(workspace, grid(2, 1)).quarantined()).as("a grid needs no pixels").isZero();
  }

  @Test
  void whereNothingIsKeptTheImageIsCachedWithoutAnswers() {
    Workspace workspace = new Workspace(spark, folder).add("a", 1, null).write();
    PromptPlan sure = new PointGrid(2, 2, 1, new MaskSelection(5, 0.9, 0.75, 1));

    CacheReport report = run(workspace, sure);

    assertThat(report.cached()).isEqualTo(1);
    assertThat(answers(workspace, sure).filter("prompt = 'none' AND logits IS NULL").count())
        .isEqualTo(1);
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
