package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskContext$;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.tensor.FloatTensor;

@Timeout(60)
class EncodeAheadTest {
  private static final int BATCH = 2;

  @TempDir Path folder;

  /** Says of an image how wide it is, once it may; counts batches that were not given back. */
  private static final class Patient implements Teacher {
    final Semaphore calls = new Semaphore(0);
    final CountDownLatch asked = new CountDownLatch(1);
    final CountDownLatch askedAgain = new CountDownLatch(2);
    final AtomicInteger held = new AtomicInteger();

    @Override
    public TeacherSpec spec() {
      Sha256 digest = Sha256.of(new byte[1]);
      return new TeacherSpec("patient", digest, digest, digest, List.of("e"), "e", false, BATCH);
    }

    @Override
    public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
      assertThat(images).hasSize(BATCH);
      if (images.stream().anyMatch(image -> image.width() == 17)) {
        throw new ArithmeticException("prime");
      }
      asked.countDown();
      askedAgain.countDown();
      calls.acquireUninterruptibly();
      return images.stream().map(Patient::width).toList();
    }

    private static Map<String, FloatTensor> width(RgbImage image) {
      return Map.of("e", new FloatTensor(new int[] {1}, new float[] {image.width()}));
    }

    @Override
    public ImageBatch newBatch() {
      ImageBatch inner = ImageBatch.keeping(this);
      held.incrementAndGet();
      return new ImageBatch() {
        @Override
        public void add(RgbImage image) {
          if (image.width() == 13) {
            throw new ArithmeticException("unlucky");
          }
          inner.add(image);
        }

        @Override
        public List<Map<String, FloatTensor>> encode() {
          return inner.encode();
        }

        @Override
        public void close() {
          held.decrementAndGet();
        }
      };
    }

    @Override
    public MaskAnswer decode(Map<String, FloatTensor> f, int width, int height, Prompt prompt) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }

  /** Rows are widths; a negative one can't be read. */
  private static class Widths implements EncodeAhead.Reading<Integer> {
    final List<Integer> read = new ArrayList<>();
    final CountDownLatch four = new CountDownLatch(4);

    @Override
    public RgbImage read(Integer row) {
      synchronized (this) {
        read.add(row);
      }
      four.countDown();
      if (row < 0) {
        throw new IllegalArgumentException("no " + row);
      }
      return new RgbImage(row, 1, new byte[3 * row]);
    }

    synchronized List<Integer> sofar() {
      return List.copyOf(read);
    }

    @Override
    public String name(Integer row) {
      return "w" + row;
    }
  }

  private static Iterator<Integer> rows(int... rows) {
    return IntStream.of(rows).iterator();
  }

  private static List<String> said(EncodeAhead<Integer> ahead) {
    Iterator<String> all =
        ahead.map(
            f -> f.row() + ":" + (int) f.maps().get("e").data()[0],
            u -> u.row() + ":" + u.cause().getMessage(),
            r -> r.row() + " refused:" + r.cause().getMessage());
    List<String> said = new ArrayList<>();
    all.forEachRemaining(said::add);
    return said;
  }

  @AfterEach
  void noThreadIsLeft() throws Exception {
    TaskContext$.MODULE$.unset();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().endsWith(" ahead")) {
        thread.join(5_000); // it has nothing to do any more, and may be about to go
        assertThat(thread.isAlive()).as(thread.getName()).isFalse();
      }
    }
  }

  @Test
  void givesEveryRowInOrderAndFillsShortBatches() {
    var teacher = new Patient();
    teacher.calls.release(10);
    try (var ahead = new EncodeAhead<>(teacher, rows(1, -2, 3, 4, -5, -6, 7), new Widths())) {
      assertThat(said(ahead))
          .containsExactly("1:1", "-2:no -2", "3:3", "4:4", "-5:no -5", "-6:no -6", "7:7");
    }
    assertThat(teacher.calls.availablePermits())
        .as("a batch without images asks nothing")
        .isEqualTo(7);
    assertThat(teacher.held).hasValue(0);
  }

  @Test
  void anImageThatTheTeacherFailsOnTakesNoneOfItsBatchAlong() {
    var teacher = new Patient();
    teacher.calls.release(10);
    try (var ahead = new EncodeAhead<>(teacher, rows(1, 17, 3, 4, 17), new Widths())) {
      assertThat(said(ahead))
          .containsExactly("1:1", "17 refused:prime", "3:3", "4:4", "17 refused:prime");
    }
    assertThat(teacher.held).hasValue(0);
  }

  @Test
  void readsOneBatchAheadOfTheNetworkAndNoMore() throws Exception {
    var teacher = new Patient();
    var widths = new Widths();
    List<String> said = new ArrayList<>();
    try (var ahead = new EncodeAhead<>(teacher, rows(1, 2, 3, 4, 5, 6, 7, 8), widths)) {
      var task = new Thread(() -> said.addAll(said(ahead)));
      task.start();
      teacher.asked.await();
      // The network has the first batch and doesn't answer; the second is read all the same.
      assertThat(widths.four.await(20, TimeUnit.SECONDS)).isTrue();
      Thread.sleep(100); // time enough to read on, were it not held back
      assertThat(widths.sofar()).containsExactly(1, 2, 3, 4);
      teacher.calls.release(10);
      task.join();
    }
    assertThat(said).hasSize(8);
  }

  @Test
  void asksAboutTheNextBatchWhileOneIsStored() throws Exception {
    var teacher = new Patient();
    teacher.calls.release(1);
    var ahead = new EncodeAhead<>(teacher, rows(1, 2, 3, 4, 5, 6), new Widths());
    assertThat(ahead.next().row()).isEqualTo(1);
    assertThat(teacher.askedAgain.await(20, TimeUnit.SECONDS)).isTrue();
    var closing = new Thread(ahead::close);
    closing.start();
    closing.join(200);
    assertThat(closing.isAlive()).as("the network still holds the teacher").isTrue();
    closing.interrupt();
    closing.join(200);
    assertThat(closing.isAlive()).as("and is not left alone with it").isTrue();
    teacher.calls.release(10);
    closing.join();
    assertThat(teacher.held).hasValue(0);
  }

  @Test
  void equalsByteForByteWhatABareLoopSays() throws IOException {
    try (Teacher teacher = SmallSegmenter.onnx(folder).open()) {
      List<RgbImage> images =
          IntStream.range(0, 7).mapToObj(i -> SmallSegmenter.image(9 + i, 20 - i)).toList();
      var reading =
          new EncodeAhead.Reading<Integer>() {
            @Override
            public RgbImage read(Integer row) {
              return images.get(row);
            }

            @Override
            public String name(Integer row) {
              return row.toString();
            }
          };
      int row = 0;
      try (var ahead = new EncodeAhead<>(teacher, rows(0, 1, 2, 3, 4, 5, 6), reading)) {
        while (ahead.hasNext()) {
          var maps = ((EncodeAhead.Features<Integer>) ahead.next()).maps();
          Map<String, FloatTensor> alone = teacher.encode(List.of(images.get(row))).get(0);
          assertThat(maps.get("logits").data()).isEqualTo(alone.get("logits").data());
          assertThat(maps.get("embedding").data()).isEqualTo(alone.get("embedding").data());
          row++;
        }
      }
      assertThat(row).isEqualTo(7);
    }
  }

  @Test
  void aFailureStandsWhereItsBatchStoodAndNamesTheImage() {
    var teacher = new Patient();
    teacher.calls.release(10);
    try (var ahead = new EncodeAhead<>(teacher, rows(1, 2, 3, 13), new Widths())) {
      assertThat(ahead.next().row()).isEqualTo(1);
      assertThat(ahead.next().row()).isEqualTo(2);
      assertThatThrownBy(ahead::hasNext)
          .hasMessage("Cannot encode [w13] with teacher patient")
          .hasRootCauseMessage("unlucky");
    }
    assertThat(teacher.held).hasValue(0);
  }

  @Test
  void whatComesOfRowsBeforeSparkFailsIsGivenFirst() {
    var teacher = new Patient();
    teacher.calls.release(10);
    Iterator<Integer> failing =
        Stream.concat(
                Stream.of(1, 2),
                Stream.generate(
                    () -> {
                      throw new UncheckedIOException(new IOException("fetch failed"));
                    }))
            .iterator();
    try (var ahead = new EncodeAhead<>(teacher, failing, new Widths())) {
      assertThat(ahead.next().row()).isEqualTo(1);
      assertThat(ahead.next().row()).isEqualTo(2);
      assertThatThrownBy(ahead::hasNext).hasRootCauseMessage("fetch failed");
    }
    assertThat(teacher.held).hasValue(0);
  }

  @Test
  void aTaskThatIsKilledWhileItWaitsLeavesNothingBehind() throws Exception {
    var teacher = new Patient();
    var reading = new CountDownLatch(1);
    var failures = new ArrayList<Throwable>();
    var hanging =
        new Widths() {
          @Override
          public RgbImage read(Integer row) {
            reading.countDown();
            try {
              Thread.sleep(60_000);
            } catch (InterruptedException e) {
              throw new IllegalStateException("stopped", e);
            }
            return super.read(row);
          }
        };
    long start = System.nanoTime();
    try (var ahead = new EncodeAhead<>(teacher, rows(1, 2, 3), hanging)) {
      var task = new Thread(() -> assertThat(ahead.hasNext()).isTrue());
      task.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
      task.start();
      reading.await();
      task.interrupt();
      task.join();
    }
    assertThat(System.nanoTime() - start).as("no patience was needed").isLessThan(9_000_000_000L);
    assertThat(teacher.held).hasValue(0);
    assertThat(failures)
        .singleElement()
        .satisfies(e -> assertThat(e).hasMessage("Interrupted while the next batch was read"));
  }

  @Test
  void givesBackABatchThatNobodyAskedFor() throws Exception {
    var teacher = new Patient();
    teacher.calls.release(10);
    var widths = new Widths();
    try (var ahead = new EncodeAhead<>(teacher, rows(1, 2, 3, 4, 5), widths)) {
      ahead.next();
      widths.four.await();
    }
    assertThat(teacher.held).hasValue(0);
  }

  @Test
  void itsThreadIsOneOfTheTasks() {
    TaskContext task = TaskContext$.MODULE$.empty();
    TaskContext$.MODULE$.setTaskContext(task);
    var teacher = new Patient();
    teacher.calls.release(10);
    var tasks = new ArrayList<TaskContext>();
    var looking =
        new Widths() {
          @Override
          public RgbImage read(Integer row) {
            tasks.add(TaskContext.get());
            return super.read(row);
          }
        };
    try (var ahead = new EncodeAhead<>(teacher, rows(1), looking)) {
      ahead.next();
    }
    assertThat(tasks).containsExactly(task);
  }
}
