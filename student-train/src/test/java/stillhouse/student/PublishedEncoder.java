package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A small encoder of timm's, as {@code reference/student_encoders.txt} has it: the tensors of its
 * file, and some values of its four maps.
 */
record PublishedEncoder(List<String[]> tensors, List<String[]> maps) {
  private static final Path FILE = Path.of("src/test/resources/reference/student_encoders.txt");

  static PublishedEncoder of(String network) throws IOException {
    List<String[]> tensors = new ArrayList<>();
    List<String[]> maps = new ArrayList<>();
    for (String line : Files.readAllLines(FILE)) {
      String[] words = line.split(" ", -1);
      if (words[0].equals(network)) {
        (words[1].equals("map") ? maps : tensors).add(words);
      }
    }
    return new PublishedEncoder(tensors, maps);
  }

  /** The same file that timm's network of these waves would be saved as. */
  SafeTensorFile file() {
    SafeTensorFile file = new SafeTensorFile();
    for (String[] tensor : tensors) {
      if (tensor[3].equals("torch.float32")) {
        int[] shape = shape(tensor[4]);
        file.floats(tensor[2], tensor[4], values(tensor[2], shape));
      } else {
        file.bytes(tensor[2], "I64", tensor[4], new byte[Long.BYTES]);
      }
    }
    return file;
  }

  String shapeOfMap(int level) {
    return maps.get(level)[3];
  }

  /** Evenly spread values of a map. */
  float[] valuesOfMap(int level) {
    String[] words = maps.get(level);
    float[] values = new float[words.length - 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.parseFloat(words[i + 4]);
    }
    return values;
  }

  /** The scripts' image. */
  static NDArray image(NDManager manager, int batch, int height, int width) {
    float[] values = Fixtures.wave(batch * 3 * height * width, 0.7, 0.5);
    for (int i = 0; i < values.length; i++) {
      values[i] += 0.5f;
    }
    return manager.create(values, new Shape(batch, 3, height, width));
  }

  /** {@code values} of student_encoders.py. */
  private static float[] values(String name, int[] shape) {
    CRC32 sum = new CRC32();
    sum.update(name.getBytes(StandardCharsets.UTF_8));
    double step = 0.3 + sum.getValue() % 1000 / 1000.0;
    int size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    boolean positive =
        name.endsWith("running_var") || (shape.length == 1 && name.endsWith("weight"));
    if (shape.length > 1) {
      return Fixtures.wave(size, step, 1.6 / Math.sqrt((double) size / shape[0]));
    }
    float[] values = Fixtures.wave(size, step, positive ? 0.5 : 0.2);
    for (int i = 0; positive && i < size; i++) {
      values[i] += 1;
    }
    return values;
  }

  private static int[] shape(String sides) {
    return Arrays.stream(sides.split(",")).mapToInt(Integer::parseInt).toArray();
  }
}
