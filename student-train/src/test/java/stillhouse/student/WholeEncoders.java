package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whole encoders against timm's, of files that {@code student_encoders.py FOLDER} writes: argument
 * FOLDER. Prints the largest difference of each map, as a share of its largest value.
 */
final class WholeEncoders {
  private static final int SIDE = 224;
  private static final Map<String, String> STUDENTS =
      new TreeMap<>(
          Map.of(
              "tinyvit-5m", "tiny_vit_5m_224",
              "repvit-m1", "repvit_m1_0",
              "r50-fpn", "resnet50",
              "swin-t", "swin_tiny_patch4_window7_224"));

  private WholeEncoders() {}

  public static void main(String[] args) throws IOException {
    for (Map.Entry<String, String> student : STUDENTS.entrySet()) {
      compare(student.getKey(), Path.of(args[0]), student.getValue());
    }
  }

  private static void compare(String student, Path folder, String published) throws IOException {
    StudentConfig config =
        SafeTensorFile.startingFrom(
            folder.resolve(published + ".safetensors"), publishedWindows(Fixtures.config(student)));
    ByteBuffer expected =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve(published + ".f32")))
            .order(ByteOrder.LITTLE_ENDIAN);
    try (NDManager manager = Fixtures.manager();
        Weights weights = new Weights(manager, 1)) {
      var network = (PyramidStudent) Students.create(config, 1, SIDE, SIDE, weights);
      PublishedWeights.Report report =
          PublishedWeights.load(config, weights, NDArray::set).orElseThrow();
      StringBuilder line = new StringBuilder(student + ": " + report.taken().size() + " tensors;");
      for (NDArray map : network.encode(PublishedEncoder.image(manager, 1, SIDE, SIDE), false)) {
        line.append(" %.1e".formatted(difference(map.toFloatArray(), expected)));
      }
      System.out.println(line + "; left of timm's maps: " + expected.remaining() + " bytes");
    }
  }

  private static double difference(float[] map, ByteBuffer expected) {
    double largest = 0;
    double difference = 0;
    for (float value : map) {
      float other = expected.getFloat();
      largest = Math.max(largest, Math.abs(other));
      difference = Math.max(difference, Math.abs((double) value - other));
    }
    return difference / largest;
  }

  /** The student with windows of 7 for 8 and 14 for 16, as published. */
  private static StudentConfig publishedWindows(StudentConfig student) {
    return new StudentConfig(
        student.name(),
        student.network(),
        student.norm(),
        student.channels(),
        student.depths(),
        student.decoder(),
        student.embedding(),
        student.heads(),
        student.windows().stream().map(side -> side / 8 * 7).toList(),
        null);
  }
}
