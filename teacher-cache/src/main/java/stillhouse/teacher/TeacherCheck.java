package stillhouse.teacher;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/** Opens a teacher's files, asks about one gray image and says what doesn't fit its YAML. */
public final class TeacherCheck {
  private static final int SIDE = 64;
  private static final byte GRAY = (byte) 128;

  /**
   * @param tensors the files' tensors and shapes (−1: dynamic), keyed as {@code encoder input
   *     image}
   * @param layers each cached layer's shape on the gray image
   * @param problems what doesn't fit; empty where the teacher can be used
   */
  public record Report(
      Map<String, String> tensors, Map<String, String> layers, List<String> problems) {
    public boolean fits() {
      return problems.isEmpty();
    }
  }

  private final LocalTeacher files;
  private final TeacherConfig config;
  private final List<String> classes;
  private final Map<String, String> tensors = new LinkedHashMap<>();
  private final Map<String, String> layers = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();

  private TeacherCheck(LocalTeacher files, List<String> classes) {
    this.config = files.config();
    this.files = files;
    this.classes = classes;
  }

  /**
   * @param classes of the data set that it is to be asked about, of which dense logits must have
   *     one map each; empty where there is none yet
   */
  public static Report run(LocalTeacher files, List<String> classes) {
    return new TeacherCheck(files, classes).report();
  }

  private Report report() {
    expectOwnLogits();
    switch (config.engine()) {
      case ONNXRUNTIME -> inspectOnnx();
      case PYTORCH -> inspectTorchScript();
    }
    if (problems.isEmpty()) {
      ask();
    }
    return new Report(tensors, layers, List.copyOf(problems));
  }

  private void inspectOnnx() {
    try (OrtSession encoder = Onnx.session(config, files.encoder())) {
      Map<String, long[]> inputs = Onnx.shapes(encoder.getInputInfo());
      Map<String, long[]> outputs = Onnx.shapes(encoder.getOutputInfo());
      list("encoder input ", inputs);
      list("encoder output ", outputs);
      expect("input.name", List.of(config.input().name()), inputs);
      expect("layers and logits", config.outputs().values(), outputs);
      expectInputShape(inputs.get(config.input().name()));
    } catch (OrtException e) {
      throw unreadable(files.encoder(), e);
    }
    if (files.decoder() != null) {
      inspectDecoder();
    }
  }

  private void inspectDecoder() {
    try (OrtSession decoder = Onnx.session(config, files.decoder())) {
      Map<String, long[]> inputs = Onnx.shapes(decoder.getInputInfo());
      Map<String, long[]> outputs = Onnx.shapes(decoder.getOutputInfo());
      list("decoder input ", inputs);
      list("decoder output ", outputs);
      DecoderConfig kind = config.decoder();
      expect("decoder inputs", kind.inputs(), inputs);
      DecoderConfig.Masks masks = OnnxDecoder.masks(kind, outputs.keySet());
      expect("decoder outputs", List.of(masks.tensor(), kind.iou()), outputs);
    } catch (OrtException e) {
      throw unreadable(files.decoder(), e);
    }
  }

  private void inspectTorchScript() {
    try (TorchScriptTeacher teacher = TorchScriptTeacher.open(files)) {
      Map<String, long[]> outputs = teacher.shapes();
      list("encoder output ", outputs);
      expect("layers and logits", config.outputs().values(), outputs);
    }
  }

  private void ask() {
    byte[] pixels = new byte[3 * SIDE * SIDE];
    Arrays.fill(pixels, GRAY);
    try (Teacher teacher = files.open()) {
      Map<String, FloatTensor> features =
          teacher.encode(List.of(new RgbImage(SIDE, SIDE, pixels))).get(0);
      features.forEach(this::measure);
      if (config.logits() != null) {
        expectClasses(features.get(Teacher.LOGITS));
      }
      if (config.decoder() != null) {
        Prompt box = new Prompt.Box(1, SIDE / 4f, SIDE / 4f, SIDE * 0.75f, SIDE * 0.75f);
        MaskAnswer answer = teacher.decode(features, SIDE, SIDE, box);
        measure("mask", answer.logits());
      }
    } catch (TeacherException e) {
      problems.add(e.getMessage());
    }
  }

  private void measure(String layer, FloatTensor map) {
    layers.put(layer, Arrays.toString(map.shape()));
    for (float v : map.data()) {
      if (!Float.isFinite(v)) {
        problems.add("Layer " + layer + " holds " + v + " for a gray image");
        return;
      }
    }
  }

  private void list(String prefix, Map<String, long[]> shapes) {
    shapes.forEach((name, shape) -> tensors.put(prefix + name, Arrays.toString(shape)));
  }

  private void expect(String key, Collection<String> named, Map<String, long[]> there) {
    for (String name : named) {
      if (!there.containsKey(name)) {
        problems.add(key + " names '" + name + "', the file has " + there.keySet());
      }
    }
  }

  /** An embedding taken for logits would be learnt as classes, and nothing would say so. */
  private void expectOwnLogits() {
    config
        .layers()
        .forEach(
            (layer, output) -> {
              if (output.equals(config.logits())) {
                problems.add("logits and layer " + layer + " are the same output '" + output + "'");
              }
            });
  }

  private void expectClasses(FloatTensor logits) {
    if (logits.rank() != 3) {
      problems.add(
          "logits are " + Arrays.toString(logits.shape()) + " (must be [classes, height, width])");
    } else if (!classes.isEmpty() && logits.dim(0) != classes.size()) {
      problems.add(
          "logits hold %d maps (output '%s'), the data set has %d classes %s: one map a class, background none"
              .formatted(logits.dim(0), config.logits(), classes.size(), classes));
    }
  }

  private void expectInputShape(long[] shape) {
    if (shape == null) {
      return;
    }
    long[] asked = {config.input().batch(), 3, config.input().height(), config.input().width()};
    boolean fits = shape.length == asked.length;
    for (int i = 0; fits && i < asked.length; i++) {
      fits = shape[i] < 0 || shape[i] == asked[i];
    }
    if (!fits) {
      problems.add(
          "input asks for "
              + Arrays.toString(asked)
              + ", the file takes "
              + Arrays.toString(shape));
    }
  }

  private TeacherException unreadable(String file, OrtException e) {
    return new TeacherException(
        "Cannot read teacher " + config.name() + " from " + file + ": " + e.getMessage(), e);
  }
}
