package stillhouse.teacher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;

/** The two-layer segmenter whose files lie beside the scripts that made them. */
final class SmallSegmenter {
  private SmallSegmenter() {}

  static Path resource(String name) {
    try {
      return Path.of(SmallSegmenter.class.getResource("/reference/teacher/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode figures(String name) throws IOException {
    return new ObjectMapper().readTree(resource(name).toFile());
  }

  static LocalTeacher onnx(Path folder) throws IOException {
    return files(write(folder, yaml("onnxruntime", "small-segmenter.onnx", "features", "classes")));
  }

  static LocalTeacher tuples(Path folder) throws IOException {
    return files(write(folder, yaml("pytorch", "small-segmenter.pt", "0", "1")));
  }

  static LocalTeacher dictionaries(Path folder) throws IOException {
    return files(write(folder, yaml("pytorch", "small-segmenter-dict.pt", "features", "classes")));
  }

  static LocalTeacher files(Path yaml) {
    TeacherConfig config = TeacherConfig.load(yaml);
    return TeacherFiles.resolve(config, yaml.getParent());
  }

  static Path write(Path folder, String yaml) throws IOException {
    return Files.writeString(Files.createTempFile(folder, "teacher", ".yaml"), yaml);
  }

  static String yaml(String engine, String file, String embedding, String logits) {
    Path path = resource(file);
    return """
    name: small
    engine: %s
    threads: 1
    files:
      encoder: {source: "file:%s", sha256: %s}
    input:
      height: 32
      width: 32
      batch: 2
      resize: direct
      scale: "0..1"
      mean: [0.4, 0.5, 0.6]
      std: [0.2, 0.25, 0.3]
    layers: {embedding: "%s"}
    logits: "%s"
    """
        .formatted(engine, path, Sha256.ofFile(path), embedding, logits);
  }

  /** Byte i is (37 i + 11 (i div 7)) mod 256. */
  static RgbImage image(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (37 * i + 11 * (i / 7));
    }
    return new RgbImage(width, height, rgb);
  }
}
