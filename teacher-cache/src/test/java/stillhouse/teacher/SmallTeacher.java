package stillhouse.teacher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.data.RgbImage;

/** {@link SmallSegmenter} in ONNX Runtime, for tests of other packages. */
public final class SmallTeacher {
  private static final String FILE = "small-segmenter.onnx";

  private SmallTeacher() {}

  public static Path yaml(Path folder) throws IOException {
    return SmallSegmenter.write(folder, yaml());
  }

  private static String yaml() {
    return SmallSegmenter.yaml("onnxruntime", FILE, "features", "classes");
  }

  public static Teacher open(Path yaml) {
    return SmallSegmenter.files(yaml).open();
  }

  /** A folder as {@code freeze} leaves it: the file beside the YAML that names it. */
  public static Path frozen(Path folder) throws IOException {
    Files.copy(SmallSegmenter.resource(FILE), folder.resolve("teacher.onnx"));
    String yaml = yaml().replaceAll("file:[^\"]*", "file:teacher.onnx");
    Files.writeString(folder.resolve("teacher.yaml"), yaml);
    return folder;
  }

  public static RgbImage image(int width, int height) {
    return SmallSegmenter.image(width, height);
  }
}
