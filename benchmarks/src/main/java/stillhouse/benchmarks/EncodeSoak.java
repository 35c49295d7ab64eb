package stillhouse.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.teacher.EncodeAhead;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.teacher.TeacherPool;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * What a task does with an image, over and over: decode, preprocess, ask, encode the columns, by
 * "tasks" of a thousand images that borrow the teacher and give it back. One image in a hundred is
 * no image. Every so many, a line of CSV: images, seconds, resident memory, live heap after a
 * collection, direct buffers and threads, in MiB.
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Dsoak.skip=false -Dsoak.args="TEACHER.yaml
 * COUNT EVERY OUT.csv"}, then {@code benchmarks/peers/plot_soak.py}. <br>
 * Results: docs/results/soak.md.
 */
public final class EncodeSoak {
  private static final int TASK = 1000;
  private static final int SIDE = 96;
  private static final double MIB = 1 << 20;

  private final LocalTeacher source;
  private final PrintStream csv;
  private final long every;
  private final long start = System.nanoTime();
  private long unreadable;

  EncodeSoak(LocalTeacher source, long every, PrintStream csv) {
    this.source = source;
    this.every = every;
    this.csv = csv;
  }

  /** TEACHER.yaml COUNT EVERY OUT.csv. */
  public static void main(String[] args) throws IOException {
    if (args.length != 4) {
      throw new IllegalArgumentException(
          "Invalid arguments: " + List.of(args) + " (must be TEACHER.yaml COUNT EVERY OUT.csv)");
    }
    TeacherConfig config = TeacherConfig.load(Path.of(args[0]));
    LocalTeacher source = TeacherFiles.resolve(config, TeacherFiles.defaultCache());
    try (var csv = new PrintStream(args[3], StandardCharsets.UTF_8)) {
      new EncodeSoak(source, Long.parseLong(args[2]), csv).run(Long.parseLong(args[1]));
    } finally {
      TeacherPool.shared().closeAll();
    }
  }

  /**
   * @return images that could not be decoded: one in a hundred
   */
  long run(long count) throws IOException {
    csv.println("images,seconds,rss_mib,heap_mib,direct_mib,threads");
    for (long from = 0; from < count; from += TASK) {
      task(from, Math.min(count, from + TASK));
      if ((from + TASK) % every < TASK) {
        csv.println(line(Math.min(count, from + TASK)));
        csv.flush();
      }
    }
    return unreadable;
  }

  private void task(long from, long to) {
    Iterator<Long> numbers = LongStream.range(from, to).iterator();
    try (Teacher teacher = TeacherPool.shared().acquire(source);
        var ahead = new EncodeAhead<>(teacher, numbers, new Drawn())) {
      while (ahead.hasNext()) {
        if (ahead.next() instanceof EncodeAhead.Features<Long> features) {
          features.maps().values().forEach(EncodeSoak::store);
        } else {
          unreadable++;
        }
      }
    }
  }

  private static void store(FloatTensor map) {
    for (DType type : DType.values()) {
      TensorColumn.encode(map, type);
    }
  }

  /** Small pictures as PNG files, of sizes that differ. */
  private static final class Drawn implements EncodeAhead.Reading<Long> {
    @Override
    public RgbImage read(Long number) {
      if (number % 100 == 99) {
        return ImageCodec.decodeRgb(name(number).getBytes(StandardCharsets.UTF_8));
      }
      var random = new SplittableRandom(number);
      int width = random.nextInt(SIDE / 2, SIDE);
      byte[] rgb = new byte[3 * width * SIDE];
      random.nextBytes(rgb);
      return ImageCodec.decodeRgb(ImageCodec.encodePng(new RgbImage(width, SIDE, rgb)));
    }

    @Override
    public String name(Long number) {
      return "picture " + number;
    }
  }

  private String line(long images) throws IOException {
    System.gc(); // what is live, not what the collector has put off
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    long direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    return String.format(
        Locale.ROOT,
        "%d,%.1f,%.1f,%.1f,%.1f,%d",
        images,
        (System.nanoTime() - start) / 1e9,
        residentKib() / 1024.0,
        heap.getUsed() / MIB,
        direct / MIB,
        ManagementFactory.getThreadMXBean().getThreadCount());
  }

  private static long residentKib() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
