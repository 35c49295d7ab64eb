package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.spark.TaskContext$;
import org.apache.spark.TaskContextImpl;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.immutable.Map;
import scala.collection.immutable.Map$;

class TeacherDeviceTest {
  @TempDir Path folder;

  private LocalTeacher onGpu() throws IOException {
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "features", "classes")
            .replace("threads: 1", "device: gpu");
    return SmallSegmenter.files(SmallSegmenter.write(folder, yaml));
  }

  private static void inTaskWith(Map<String, ResourceInformation> resources) {
    TaskContext$.MODULE$.setTaskContext(
        new TaskContextImpl(
            0, 0, 0, 0L, 0, 1, null, new Properties(), null, TaskMetrics.empty(), 1, resources));
  }

  private static Map<String, ResourceInformation> gpus(String... addresses) {
    return Map$.MODULE$
        .<String, ResourceInformation>empty()
        .updated("gpu", new ResourceInformation("gpu", addresses));
  }

  @AfterEach
  void outOfTheTask() {
    TaskContext$.MODULE$.unset();
  }

  @Test
  void isTheFirstGpuThatSparkGaveTheTask() throws IOException {
    inTaskWith(gpus("3", "1"));
    assertThat(TeacherDevice.of(onGpu())).isEqualTo(new TeacherDevice.Gpu(3));
    assertThat(TeacherDevice.of(SmallSegmenter.onnx(folder))).isEqualTo(new TeacherDevice.Cpu());
  }

  @Test
  void isTheMachinesFirstGpuOutsideAnyTask() throws IOException {
    assertThat(TeacherDevice.of(onGpu())).hasToString("gpu 0");
  }

  @Test
  void aTaskWithoutAGpuFailsBeforeAnythingIsLoaded() throws IOException {
    inTaskWith(Map$.MODULE$.empty());
    LocalTeacher teacher = onGpu();
    var pool = new TeacherPool();
    assertThatThrownBy(() -> pool.acquire(teacher))
        .isInstanceOf(TeacherException.class)
        .hasMessage(
            "Cannot open teacher small on device gpu: Spark gave its task no GPU, only []. Set"
                + " spark.executor.resource.gpu.amount and spark.task.resource.gpu.amount=1 on a"
                + " cluster (local[N] gives none), or device: cpu in the teacher's YAML");
    assertThat(pool.loads()).isZero();
  }

  @Test
  void aGpuThatTheEngineLacksFailsToo() throws IOException {
    inTaskWith(gpus("2"));
    LocalTeacher teacher = onGpu();
    assertThatThrownBy(() -> new TeacherPool().acquire(teacher))
        .hasMessageStartingWith("Cannot open teacher small on gpu 2: this ONNX Runtime has [")
        .hasMessageContaining("no CUDA");
  }

  @Test
  void refusesAnAddressThatIsNoIndex() throws IOException {
    inTaskWith(gpus("MIG-7a1f"));
    LocalTeacher teacher = onGpu();
    assertThatThrownBy(() -> TeacherDevice.of(teacher))
        .hasMessageContaining("on GPU 'MIG-7a1f': its address is no index");
  }

  @Test
  void aTaskOnAnotherGpuGetsANetworkOfItsOwn() throws IOException {
    var source =
        new TeacherSource() {
          private static final long serialVersionUID = 1L;
          private final transient LocalTeacher cpu = SmallSegmenter.onnx(folder);

          @Override
          public TeacherSpec spec() {
            return cpu.spec();
          }

          @Override
          public TeacherConfig.Device device() {
            return TeacherConfig.Device.GPU;
          }

          @Override
          public Teacher open() {
            return cpu.open(new TeacherDevice.Cpu());
          }
        };
    var pool = new TeacherPool();
    for (String address : new String[] {"0", "1", "0"}) {
      inTaskWith(gpus(address));
      pool.acquire(source).close();
    }
    assertThat(pool.loads()).isEqualTo(2);
    pool.closeAll();
  }
}
