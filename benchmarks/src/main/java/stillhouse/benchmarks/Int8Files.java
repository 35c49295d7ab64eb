package stillhouse.benchmarks;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stillhouse.data.ImageCodec;
import stillhouse.data.Images;
import stillhouse.onnx.OnnxExport;
import stillhouse.quantize.Activations;
import stillhouse.quantize.Calibration;
import stillhouse.quantize.QdqModel;
import stillhouse.quantize.QdqOptions;
import stillhouse.quantize.Target;
import stillhouse.student.Student;
import stillhouse.student.StudentConfig;
import stillhouse.student.Students;
import stillhouse.student.Weights;

/**
 * Students as {@code peers/int8_onnxruntime.py} times them: fresh weights whose running statistics
 * follow real images, in FP32 and in both spellings of INT8, every layer rounded.
 *
 * <pre>
 * FOLDER IMAGES SIDE STUDENT.yaml…
 * </pre>
 */
public final class Int8Files {
  private static final int CLASSES = 3;
  private static final int BATCH = 4;
  private static final int SETTLE =
      10; // forward passes, after which the statistics are about right
  private static final int CALIBRATED = 8;

  private Int8Files() {}

  public static void main(String[] args) throws IOException {
    int side = Integer.parseInt(args[2]);
    List<float[]> images = images(Path.of(args[1]), side);
    for (int i = 3; i < args.length; i++) {
      write(Path.of(args[0]), StudentConfig.load(Path.of(args[i])), side, images);
    }
  }

  private static List<float[]> images(Path folder, int side) throws IOException {
    List<float[]> images = new ArrayList<>();
    try (var files = Files.list(folder)) {
      for (Path file : files.sorted().limit(CALIBRATED).toList()) {
        var image = ImageCodec.decodeRgb(Files.readAllBytes(file));
        images.add(Images.planes(image, side, side).data());
      }
    }
    return images;
  }

  private static void write(Path folder, StudentConfig config, int side, List<float[]> images)
      throws IOException {
    Path file = folder.resolve(config.name() + ".onnx");
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        Weights weights = new Weights(manager, 7)) {
      Student student = Students.create(config, CLASSES, side, side, weights);
      NDArray batch = manager.create(flat(images), new Shape(BATCH, 3, side, side));
      for (int i = 0; i < SETTLE; i++) {
        student.forward(batch, true);
      }
      Map<String, String> metadata =
          Map.of(
              "stillhouse.classes", "a,b,c",
              "stillhouse.height", String.valueOf(side),
              "stillhouse.width", String.valueOf(side));
      OnnxExport.write(student, weights, metadata, file);
    }
    byte[] model = Files.readAllBytes(file);
    Activations activations = Activations.of(model, images.iterator());
    for (Target target : List.of(Target.TENSORRT, Target.CPU)) {
      QdqOptions options = new QdqOptions(target, Calibration.PERCENTILE, Set.of());
      String suffix = target == Target.CPU ? ".int8-cpu.onnx" : ".int8.onnx";
      Files.write(folder.resolve(config.name() + suffix), QdqModel.of(model, activations, options));
    }
  }

  private static float[] flat(List<float[]> images) {
    int size = images.get(0).length;
    float[] flat = new float[BATCH * size];
    for (int i = 0; i < BATCH; i++) {
      System.arraycopy(images.get(i), 0, flat, i * size, size);
    }
    return flat;
  }
}
