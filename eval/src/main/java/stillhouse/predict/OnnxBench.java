package stillhouse.predict;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Times an ONNX file of one image input [N, 3, H, W] as it is: no decoding, no resizing, random
 * images, the output {@code logits} alone.
 */
public final class OnnxBench {
  /**
   * How a file is run.
   *
   * @param threads inside one call
   * @param batch images a call
   */
  public record Setting(Provider provider, int threads, int batch) {
    public Setting {
      if (threads < 1 || batch < 1) {
        throw new IllegalArgumentException(
            "Invalid threads or batch: %d, %d (must be ≥ 1)".formatted(threads, batch));
      }
    }
  }

  private OnnxBench() {}

  /**
   * How long a call takes, of the whole batch.
   *
   * @throws IllegalArgumentException where the file is no such network, or the provider is not
   *     there
   */
  public static Latency time(Path file, Setting setting, int warmup, int runs) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (var options = options(setting);
        OrtSession session = environment.createSession(file.toString(), options)) {
      long[] shape = shape(session, file, setting.batch());
      String input = session.getInputNames().iterator().next();
      try (var images = OnnxTensor.createTensor(environment, random(shape), shape)) {
        return time(session, Map.of(input, images), warmup, runs);
      }
    } catch (OrtException e) {
      throw new IllegalArgumentException(
          "Cannot run %s on %s, batch %d: %s"
              .formatted(file, setting.provider().word(), setting.batch(), e.getMessage()),
          e);
    }
  }

  private static OrtSession.SessionOptions options(Setting setting) throws OrtException {
    var options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(setting.threads());
    options.setInterOpNumThreads(1);
    options.addConfigEntry("session.x64quantprecision", "1"); // as OnnxSegmenter has it
    setting.provider().addTo(options);
    return options;
  }

  private static long[] shape(OrtSession session, Path file, int batch) throws OrtException {
    var inputs = session.getInputInfo();
    long[] shape =
        inputs.size() == 1 && inputs.values().iterator().next().getInfo() instanceof TensorInfo info
            ? info.getShape()
            : new long[0];
    boolean fits = shape.length == 4 && shape[1] == 3 && shape[2] > 0 && shape[3] > 0;
    if (!fits || shape[0] != -1 && shape[0] != batch) {
      throw new IllegalArgumentException(
          "Cannot run %s with batch %d: its inputs are %s, the first of shape %s (must be one image [N, 3, H, W])"
              .formatted(file, batch, session.getInputNames(), Arrays.toString(shape)));
    }
    shape[0] = batch;
    return shape;
  }

  private static FloatBuffer random(long[] shape) {
    int size = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    FloatBuffer values =
        ByteBuffer.allocateDirect(Math.multiplyExact(size, Float.BYTES))
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < size; i++) {
      values.put(i, (float) random.nextDouble());
    }
    return values;
  }

  private static Latency time(
      OrtSession session, Map<String, OnnxTensor> input, int warmup, int runs) throws OrtException {
    Set<String> wanted =
        session.getOutputNames().contains(OnnxSegmenter.OUTPUT)
            ? Set.of(OnnxSegmenter.OUTPUT)
            : session.getOutputNames();
    long[] nanos = new long[runs];
    for (int i = -warmup; i < runs; i++) {
      long start = System.nanoTime();
      session.run(input, wanted).close();
      if (i >= 0) {
        nanos[i] = System.nanoTime() - start;
      }
    }
    return Latency.of(nanos);
  }

  /** Those asked for that this ONNX Runtime lacks. */
  public static List<Provider> missing(List<Provider> asked) {
    return asked.stream().filter(p -> !p.there()).toList();
  }
}
