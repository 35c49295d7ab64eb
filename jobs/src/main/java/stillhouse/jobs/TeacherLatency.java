package stillhouse.jobs;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import stillhouse.data.RgbImage;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;

/** How long a teacher takes for an image on this machine, preprocessing included. */
final class TeacherLatency {
  private static final int RUNS = 5; // SAM's encoder takes seconds for each

  private TeacherLatency() {}

  /**
   * Of an answer, medians.
   *
   * @param encoder for an image: preprocessing, encoder and, of a teacher that takes prompts, its
   *     maps made ready for the decoder
   * @param prompt for a prompt; 0 of a teacher that takes none
   */
  record Answering(double encoder, double prompt) {}

  /** Of a few answers to a question, after one that is not counted. */
  static Answering answering(LocalTeacher source, Prompt asked) {
    TeacherConfig config = source.config();
    RgbImage image = noise(config.input().height(), config.input().width());
    try (Teacher teacher = source.open()) {
      long[] ready = new long[RUNS];
      long[] answered = new long[RUNS];
      for (int i = -1; i < RUNS; i++) {
        long start = System.nanoTime();
        try (Teacher.Asking asking =
            teacher.asking(teacher.encode(List.of(image)).get(0), image.width(), image.height())) {
          long then = System.nanoTime();
          asking.answer(asked);
          if (i >= 0) {
            ready[i] = then - start;
            answered[i] = System.nanoTime() - then;
          }
        }
      }
      return new Answering(medianMillis(ready), medianMillis(answered));
    }
  }

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
    return medianMillis(nanos);
  }

  private static double medianMillis(long[] nanos) {
    Arrays.sort(nanos);
    return nanos[nanos.length / 2] * 1e-6;
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
