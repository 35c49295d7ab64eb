package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;

class PlannerTest {
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 8, 1);
  private final SparkSession spark = Sessions.local();
  @TempDir Path folder;

  @Test
  void saysWhatIsMissingAndWhatItWeighsAndWritesNothing() {
    Workspace workspace = images().write();
    TeacherSource teacher = InMemoryTeacher.segmenter("a");
    CachePlan before = plan(workspace, teacher, null);
    assertThat(folder.resolve("a b/cache")).doesNotExist();
    assertThat(before.samples()).isEqualTo(21);
    assertThat(before.features()).isEqualTo(new CachePlan.Pass(20, 3));
    assertThat(before.answers()).isEqualTo(before.features());
    assertThat(before.structure()).isEqualTo(before.features());
    assertThat(before.prompts()).isZero();
    CachePlan.Probe probe = before.probe();
    assertThat(probe.images())
        .as("a batch of two tasks; the first is not measured")
        .isBetween(3L, 6L);
    assertThat(probe.encode().mean()).isPositive();
    assertThat(probe.encode().p10()).isLessThanOrEqualTo(probe.encode().p90());
    assertThat(probe.featureBytes().raw()).as("[3, 4, 6] and [2, 4, 6] in fp16").isEqualTo(240);
    assertThat(probe.answerBytes().raw()).isEqualTo(96);
    assertThat(probe.structureBytes().raw()).as("three of [4, 6] in fp32").isEqualTo(288);
    assertThat(before.bytes().raw()).isEqualTo(20 * (240 + 96 + 288));
    assertThat(before.paysAfterEpochs()).isPositive();
    workspace.refresh(Progress.NONE).run(spark, workspace.root(), teacher, null, OPTIONS);
    CachePlan after = plan(workspace, teacher, null);
    assertThat(after.features()).isEqualTo(new CachePlan.Pass(0, 0));
    assertThat(after.paysAfterEpochs()).isZero();
    CachePlan radius =
        Planner.plan(
            spark,
            workspace.root(),
            teacher,
            null,
            new CacheOptions(DType.FP16, 1, 8, 1),
            TeacherAccess.perTask(),
            Workspace::read,
            1);
    assertThat(List.of(radius.features().units(), radius.structure().units()))
        .containsExactly(0L, 20L);
  }

  @Test
  void countsTheDecodersCallsByThePromptPlan() {
    CachePlan plan =
        plan(
            images().write(),
            InMemoryTeacher.promptable("b"),
            new CacheRefreshTest.BoxOfEachClass("1"));
    assertThat(plan.answers().units()).as("the twin has labels of its own").isEqualTo(21);
    assertThat(plan.prompts()).as("of classes 1, 2, 3 and of the twin's 2").isEqualTo(8);
    assertThat(plan.probe().answerBytes().raw()).as("[4, 6] in fp16").isEqualTo(48);
    assertThat(plan.probe().decode().mean()).isPositive();
    assertThat(plan.bytes().raw()).isEqualTo(20 * (3 * 48 + 48) + 8 * 48 + 20 * 288);
  }

  @Test
  void theProbeTimesTheEncoderItself() {
    var slow =
        new RefreshProcess.Slow(InMemoryTeacher.segmenter("a"), Duration.ofMillis(300)); // a batch
    CachePlan plan = plan(images().write(), slow, null);
    assertThat(plan.probe().encode().mean()).as("of three images").isGreaterThan(0.095);
  }

  @Test
  void allIsMissingAndWeighedWholeWhereAProjectionIsStillToBeFitted() {
    var projected = new CacheOptions(ProjectionFitTest.projected(2, 3), 100, 1);
    CachePlan plan = plan(images().write(), InMemoryTeacher.encoder("e"), null, projected);
    assertThat(plan.fitted()).isFalse();
    assertThat(plan.features().units()).isEqualTo(20);
    assertThat(plan.probe().featureBytes().raw()).as("3 channels, not 2, int8").isEqualTo(3 * 24);
  }

  /** 100 images of 2 s, 300 prompts of 0.1 s, 100 maps of 0.05 s: 235 s of one slot. */
  @Test
  void hoursAndEpochsByHand() {
    var spread = new CachePlan.Spread(2, 1, 3);
    var plan =
        new CachePlan(
            100,
            80,
            new CachePlan.Pass(100, 1),
            new CachePlan.Pass(100, 1),
            new CachePlan.Pass(100, 1),
            300,
            4,
            true,
            new CachePlan.Probe(
                8,
                spread,
                new CachePlan.Spread(0.1, 0.1, 0.2),
                new CachePlan.Spread(0.05, 0.05, 0.05),
                new CachePlan.Weight(1000, 500),
                new CachePlan.Weight(10, 5),
                new CachePlan.Weight(1, 1)));
    assertThat(plan.hours(1).mean()).isCloseTo(235 / 3600.0 / 4, within(1e-12));
    assertThat(plan.hours(2).p90()).isCloseTo((300 + 60 + 5) / 3600.0 / 8, within(1e-12));
    assertThat(plan.bytes()).isEqualTo(new CachePlan.Weight(103_100, 51_600));
    assertThat(plan.epochSeconds()).isCloseTo(80 * (2 + 3 * 0.1), within(1e-9));
    assertThat(plan.paysAfterEpochs()).as("235 s against 184 an epoch").isEqualTo(2);
  }

  @Test
  void aSpreadIsOfUnitsAndLeavesOutWhatFailed() {
    CachePlan.Probe probe =
        new ProbeSums(
                List.of(
                    RowFactory.create(Probing.ENCODE, 2.0, 2L, 20L, 10L),
                    RowFactory.create(Probing.ENCODE, 3.0, 1L, 10L, 8L),
                    RowFactory.create(Probing.DECODE, 9.0, 0L, 0L, 0L)))
            .probe();
    assertThat(probe.encode()).isEqualTo(new CachePlan.Spread(5.0 / 3, 1, 3));
    assertThat(probe.featureBytes()).isEqualTo(new CachePlan.Weight(10, 6));
    assertThat(probe.decode()).isEqualTo(new CachePlan.Spread(0, 0, 0));
    assertThat(probe.images()).isEqualTo(3);
  }

  private CachePlan plan(Workspace workspace, TeacherSource teacher, PromptPlan prompts) {
    return plan(workspace, teacher, prompts, OPTIONS);
  }

  private CachePlan plan(
      Workspace workspace, TeacherSource teacher, PromptPlan prompts, CacheOptions options) {
    return Planner.plan(
        spark,
        workspace.root(),
        teacher,
        prompts,
        options,
        TeacherAccess.perTask(),
        Workspace::read,
        1);
  }

  private Workspace images() {
    var workspace = new Workspace(spark, folder.resolve("a b"));
    for (int i = 0; i < 20; i++) {
      workspace.add("image " + i, i, i >= 1 && i <= 3 ? DrawnMasks.firstPixel(i) : null);
    }
    return workspace.add("twin of 4", 4, DrawnMasks.firstPixel(2));
  }
}
