package stillhouse.jobs;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import stillhouse.data.RgbImage;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;

/** How long a teacher takes for an image on this machine, preprocessing included. */
final class TeacherLatency {
  private static final int RUNS = 5; // SAM's encoder takes seconds for each

  private TeacherLatency() {}

  /** The median of a few calls of the encoder, after one that is not counted. */
  static double medianMillis(LocalTeacher source) {
    try (Teacher teacher = source.open()) {
      return medianMillis(teacher, source.config());
    }
  }

  /** The same of a teacher that is open. */
  static double medianMillis(Teacher teacher, TeacherConfig config) {
    RgbImage image = noise(config.input().height(), config.input().width());
    teacher.encode(List.of(image));
    long[] nanos = new long[RUNS];
    for (int i = 0; i < RUNS; i++) {
      long start = System.nanoTime();
      teacher.encode(List.of(image));
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    return nanos[RUNS / 2] * 1e-6;
  }

  private static RgbImage noise(int height, int width) {
    byte[] rgb = new byte[3 * height * width];
    SplittableRandom random = new SplittableRandom(0);
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) random.nextInt();
    }
    return new RgbImage(width, height, rgb);
  }
}
