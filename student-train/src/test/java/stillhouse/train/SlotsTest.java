package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class SlotsTest {
  @Test
  void acceptsOneRankAnExecutor() {
    assertThatCode(() -> slots("local-cluster[4,1,1024]").require(4)).doesNotThrowAnyException();
    assertThatCode(() -> slots("local[2]").require(1)).doesNotThrowAnyException();
    assertThatCode(
            () ->
                slots("yarn", "spark.executor.cores", "4", "spark.task.cpus", "4", INSTANCES, "4")
                    .require(4))
        .doesNotThrowAnyException();
  }

  @Test
  void aRankTakesAllCoresOfAnExecutorWhateverOtherTasksTake() {
    assertThat(slots("yarn", CORES, "4", "spark.task.cpus", "4").profile()).isEmpty();
    assertThat(slots("local[2]").profile()).isEmpty();
    var profile = slots("yarn", CORES, "4").profile().orElseThrow();
    assertThat(profile.getTaskCpus().get()).isEqualTo(4);
    assertThat(profile.taskResourcesJMap()).doesNotContainKey("gpu");
    assertThat(slots("local-cluster[4,2,1024]").profile().orElseThrow().getTaskCpus().get())
        .isEqualTo(2);
  }

  @Test
  void aRankTakesItsExecutorsGpuWhateverOtherTasksTake() {
    var shared = slots("yarn", CORES, "4", EXECUTOR_GPU, "1", TASK_GPU, "0.25");
    assertThat(shared.profile().orElseThrow().taskResourcesJMap().get("gpu").amount()).isOne();
    var none = slots("yarn", CORES, "4", "spark.task.cpus", "4", EXECUTOR_GPU, "1");
    assertThat(none.profile().orElseThrow().taskResourcesJMap().get("gpu").amount()).isOne();
    var whole = slots("yarn", CORES, "4", "spark.task.cpus", "4", EXECUTOR_GPU, "1", TASK_GPU, "1");
    assertThat(whole.profile()).isEmpty();
  }

  @Test
  void refusesExecutorsOfSeveralGpus() {
    assertThatThrownBy(() -> slots("yarn", CORES, "8", EXECUTOR_GPU, "4", TASK_GPU, "1").require(4))
        .hasMessage(
            "Cannot train with spark.executor.resource.gpu.amount=4: an executor runs one rank, and"
                + " a rank trains on one GPU. Start 4 executors of one GPU each in place of one.");
  }

  @Test
  void refusesExecutorsWhoseCoresItCannotKnow() {
    assertThatThrownBy(() -> slots("spark://host:7077").require(4))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("spark.executor.cores=(all of a worker) and spark.task.cpus=1")
        .hasMessageContaining("Set spark.executor.cores");
    assertThatThrownBy(() -> slots("yarn", "spark.task.cpus", "2").require(4))
        .hasMessageContaining("spark.executor.cores=1 and spark.task.cpus=2");
  }

  @Test
  void refusesFewerExecutorsThanRanks() {
    assertThatThrownBy(() -> slots("local-cluster[4,1,1024]").require(8))
        .hasMessage(
            "Cannot train with 8 ranks on local-cluster[4,1,1024]: it has 4 executors, and a rank"
                + " needs one of its own. Train with 4 ranks, or start more executors.");
    assertThatThrownBy(() -> slots("local[4]").require(4)).hasMessageContaining("1 executors");
    assertThatThrownBy(() -> slots("yarn", INSTANCES, "2").require(4))
        .hasMessageContaining("it has 2 executors");
    assertThatThrownBy(
            () ->
                slots("spark://host:7077", "spark.executor.cores", "1", "spark.cores.max", "3")
                    .require(4))
        .hasMessageContaining("it has 3 executors");
  }

  @Test
  void refusesDynamicAllocation() {
    assertThatThrownBy(() -> slots("yarn", "spark.dynamicAllocation.enabled", "true").require(4))
        .hasMessageContaining("spark.dynamicAllocation.enabled=true")
        .hasMessageContaining("Set it to false and spark.executor.instances");
  }

  @Test
  void refusesToTrainUnheard() {
    assertThatThrownBy(() -> slots("local[1]", "spark.plugins", "org.example.Other").require(1))
        .hasMessage(
            "Cannot train: spark.plugins is 'org.example.Other'. Add"
                + " stillhouse.train.TrainingPlugin to it.");
  }

  private static final String CORES = "spark.executor.cores";
  private static final String EXECUTOR_GPU = "spark.executor.resource.gpu.amount";
  private static final String TASK_GPU = "spark.task.resource.gpu.amount";
  private static final String INSTANCES = "spark.executor.instances";

  private static Slots slots(String master, String... settings) {
    SparkConf conf =
        new SparkConf(false).setMaster(master).set("spark.plugins", TrainingPlugin.class.getName());
    for (int i = 0; i < settings.length; i += 2) {
      conf.set(settings[i], settings[i + 1]);
    }
    return new Slots(conf);
  }
}
