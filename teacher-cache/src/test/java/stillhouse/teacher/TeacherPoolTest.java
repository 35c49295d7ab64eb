package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TeacherPoolTest {
  @TempDir Path folder;
  private final TeacherPool pool = new TeacherPool();

  @Test
  void manyTasksLoadOnce() throws Exception {
    LocalTeacher source = SmallSegmenter.onnx(folder);
    int threads = 8;
    var together = new CountDownLatch(threads);
    ExecutorService tasks = Executors.newFixedThreadPool(threads);
    List<Future<Integer>> rows = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      rows.add(
          tasks.submit(
              () -> {
                together.countDown();
                together.await();
                try (Teacher teacher = pool.acquire(source)) {
                  return teacher.encode(List.of(SmallSegmenter.image(8, 8))).size();
                }
              }));
    }
    for (Future<Integer> row : rows) {
      assertThat(row.get()).isEqualTo(1);
    }
    tasks.shutdown();

    assertThat(pool.loads()).isEqualTo(1);
    pool.closeAll();
  }

  @Test
  void closesALentTeacherOnlyWhenItIsGivenBack() throws IOException {
    LocalTeacher source = SmallSegmenter.onnx(folder);
    Teacher held = pool.acquire(source);
    pool.closeAll();
    pool.closeAll();

    assertThat(held.encode(List.of(SmallSegmenter.image(8, 8)))).hasSize(1);
    held.close();
    held.close();
    assertThatThrownBy(() -> held.encode(List.of()))
        .hasMessage("Teacher small was given back to the pool: acquire it again");

    pool.acquire(source).close();
    assertThat(pool.loads()).isEqualTo(2);
    pool.closeAll();
  }

  @Test
  void keepsTeachersOfDifferentSpecsApart() throws IOException {
    try (Teacher onnx = pool.acquire(SmallSegmenter.onnx(folder));
        Teacher torch = pool.acquire(SmallSegmenter.tuples(folder))) {
      assertThat(onnx.spec()).isNotEqualTo(torch.spec());
    }
    assertThat(pool.loads()).isEqualTo(2);
    pool.closeAll();
  }

  @Test
  void aFailedLoadIsTriedAgain() throws IOException {
    LocalTeacher good = SmallSegmenter.onnx(folder);
    LocalTeacher missing =
        new LocalTeacher(good.config(), folder.resolve("gone").toString(), null, null);

    assertThatThrownBy(() -> pool.acquire(missing)).hasMessageContaining("no file");
    pool.acquire(good).close();
    assertThat(pool.loads()).isEqualTo(1);
    pool.closeAll();
  }

  @Test
  void thePluginClosesTheSharedPool() throws IOException {
    var plugin = new TeacherPoolPlugin();
    plugin
        .executorPlugin()
        .shutdown(); // another class of this JVM may have left the same teacher in the pool
    long before = TeacherPool.shared().loads();
    LocalTeacher source = SmallSegmenter.onnx(folder);
    TeacherPool.shared().acquire(source).close();
    plugin.executorPlugin().shutdown();
    TeacherPool.shared().acquire(source).close();
    plugin.executorPlugin().shutdown();

    assertThat(TeacherPool.shared().loads() - before).isEqualTo(2);
    assertThat(plugin.driverPlugin()).isNull();
  }
}
