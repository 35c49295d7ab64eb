package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Whole encoders against timm's, and MobileSAM's where its weights were given, of files that {@code
 * student_encoders.py FOLDER [WEIGHTS]} writes: argument FOLDER. Prints the largest difference of
 * each map, as a share of its largest value, and for MobileSAM what the student's own windows cost.
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

  private static final String MOBILE_SAM = "mobile_sam";
  private static final int MOBILE_SAMS_SIDE = 1024;

  private WholeEncoders() {}

  public static void main(String[] args) throws IOException {
    for (Map.Entry<String, String> student : STUDENTS.entrySet()) {
      compare(student.getKey(), Path.of(args[0]), student.getValue());
    }
    if (Files.exists(Path.of(args[0]).resolve(MOBILE_SAM + ".f32"))) {
      StudentConfig own = Fixtures.config("tinyvit-5m-sam");
      compareWhole(publishedWindows(own), Path.of(args[0]));
      compareWhole(own, Path.of(args[0]));
    }
  }

  /** The four maps and the neck's, of MobileSAM's own weights. */
  private static void compareWhole(StudentConfig student, Path folder) throws IOException {
    StudentConfig config =
        SafeTensorFile.startingFrom(folder.resolve(MOBILE_SAM + ".safetensors"), student);
    ByteBuffer expected = bytes(folder.resolve(MOBILE_SAM + ".f32"));
    int side = MOBILE_SAMS_SIDE;
    try (NDManager manager = Fixtures.manager();
        Weights weights = new Weights(manager, 1)) {
      Student network = Students.create(config, 1, side, side, weights);
      PublishedWeights.Report report =
          PublishedWeights.load(config, weights, NDArray::set).orElseThrow();
      StudentOutput out = network.forward(PublishedEncoder.image(manager, 1, side, side), Set.of());
      List<NDArray> maps = new ArrayList<>(out.levels());
      maps.add(out.embedding());
      say("tinyvit-5m-sam, windows " + student.windows(), report, maps, expected);
    }
  }

  private static void compare(String student, Path folder, String published) throws IOException {
    StudentConfig config =
        SafeTensorFile.startingFrom(
            folder.resolve(published + ".safetensors"), publishedWindows(Fixtures.config(student)));
    ByteBuffer expected = bytes(folder.resolve(published + ".f32"));
    try (NDManager manager = Fixtures.manager();
        Weights weights = new Weights(manager, 1)) {
      var network = (PyramidStudent) Students.create(config, 1, SIDE, SIDE, weights);
      PublishedWeights.Report report =
          PublishedWeights.load(config, weights, NDArray::set).orElseThrow();
      List<NDArray> maps = network.encode(PublishedEncoder.image(manager, 1, SIDE, SIDE), false);
      say(student, report, maps, expected);
    }
  }

  private static ByteBuffer bytes(Path file) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void say(
      String student, PublishedWeights.Report report, List<NDArray> maps, ByteBuffer expected) {
    StringBuilder line = new StringBuilder(student + ": " + report.taken().size() + " tensors;");
    for (NDArray map : maps) {
      line.append(" %.1e".formatted(difference(map.toFloatArray(), expected)));
    }
    System.out.println(line + "; left of the published maps: " + expected.remaining() + " bytes");
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
