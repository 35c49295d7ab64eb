package stillhouse.teacher;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Half;

/** Opens a teacher's files, asks about one gray image and says what doesn't fit its YAML. */
public final class TeacherCheck {
  private static final int SIDE = 64;
  private static final byte GRAY = (byte) 128;
  private static final String SEVERAL = "mask of two points";

  /**
   * @param tensors the files' tensors and shapes (−1: dynamic), keyed as {@code encoder input
   *     image}
   * @param layers each cached layer's shape on the gray image, and the masks of a box, a point and
   *     two points
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

  /** Of a decoder that declares them. */
  private Map<String, long[]> decoderInputs = Map.of();

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
    try (OrtSession encoder = Onnx.session(config, files.encoder(), TeacherDevice.of(files))) {
      Map<String, long[]> inputs = Onnx.shapes(encoder.getInputInfo());
      Map<String, long[]> outputs = Onnx.shapes(encoder.getOutputInfo());
      list("encoder input ", inputs);
      list("encoder output ", outputs);
      expect("input.name", List.of(config.input().name()), inputs);
      expectFed("input.name", List.of(config.input().name()), inputs.keySet());
      expect("layers and logits", config.outputs().values(), outputs);
      expectInputShape(inputs.get(config.input().name()));
    } catch (OrtException e) {
      throw unreadable(files.encoder(), e);
    }
    if (files.decoder() != null) {
      inspectDecoder();
    }
    if (files.proposals() != null) {
      inspectProposals();
    }
  }

  private void inspectDecoder() {
    try (OrtSession decoder = Onnx.session(config, files.decoder(), TeacherDevice.of(files))) {
      Map<String, long[]> inputs = Onnx.shapes(decoder.getInputInfo());
      Map<String, long[]> outputs = Onnx.shapes(decoder.getOutputInfo());
      list("decoder input ", inputs);
      list("decoder output ", outputs);
      int before = problems.size();
      DecoderConfig kind = config.decoder();
      List<String> taken = OnnxDecoder.taken(kind, inputs.keySet());
      expect("decoder inputs", taken, inputs);
      expectFed("decoder inputs", taken, inputs.keySet());
      DecoderConfig.Masks masks = OnnxDecoder.masks(kind, outputs.keySet());
      expect("decoder outputs", List.of(masks.tensor(), kind.iou()), outputs);
      if (problems.size() > before) {
        suggestKind(inputs.keySet(), outputs.keySet());
      }
      decoderInputs = inputs;
    } catch (OrtException e) {
      throw unreadable(files.decoder(), e);
    }
  }

  private void inspectProposals() {
    try (OrtSession session = Onnx.session(config, files.proposals(), TeacherDevice.of(files))) {
      Map<String, long[]> inputs = Onnx.shapes(session.getInputInfo());
      Map<String, long[]> outputs = Onnx.shapes(session.getOutputInfo());
      list("proposals input ", inputs);
      list("proposals output ", outputs);
      expect("proposals", List.of(OnnxProposals.EMBEDDING), inputs);
      expectFed("proposals", List.of(OnnxProposals.EMBEDDING), inputs.keySet());
      expect("proposals", List.of(OnnxProposals.SCORES, OnnxProposals.DISTANCES), outputs);
    } catch (OrtException e) {
      throw unreadable(files.proposals(), e);
    }
  }

  private void suggestKind(Set<String> inputs, Set<String> outputs) {
    for (DecoderConfig other : DecoderConfig.kinds()) {
      String masks = OnnxDecoder.masks(other, outputs).tensor();
      if (inputs.equals(Set.copyOf(other.inputs()))
          && outputs.containsAll(List.of(masks, other.iou()))) {
        problems.add(
            "decoder.kind is %s, but the decoder's tensors are those of kind: %s"
                .formatted(config.decoder().kind(), other.kind()));
      }
    }
  }

  private void inspectTorchScript() {
    try (TorchScriptTeacher teacher = TorchScriptTeacher.open(files, TeacherDevice.of(files))) {
      Map<String, long[]> outputs = teacher.shapes();
      list("encoder output ", outputs);
      expect("layers and logits", config.outputs().values(), outputs);
    } catch (TeacherException e) {
      problems.add(e.getMessage());
    }
  }

  private void ask() {
    byte[] pixels = new byte[3 * SIDE * SIDE];
    Arrays.fill(pixels, GRAY);
    try (Teacher teacher = files.open()) {
      Map<String, FloatTensor> features =
          teacher.encode(List.of(new RgbImage(SIDE, SIDE, pixels))).get(0);
      features.forEach((layer, map) -> measure(layer, map, most(layer)));
      if (config.logits() != null) {
        expectClasses(features.get(Teacher.LOGITS));
      }
      if (config.decoder() != null && featuresFit(features)) {
        askDecoder(teacher, features);
      }
    } catch (TeacherException e) {
      problems.add(e.getMessage());
    }
  }

  private void askDecoder(Teacher teacher, Map<String, FloatTensor> features) {
    if (config.takesBoxes()) {
      Prompt box = new Prompt.Box(1, SIDE / 4f, SIDE / 4f, SIDE * 0.75f, SIDE * 0.75f);
      measure("mask", teacher.decode(features, SIDE, SIDE, box).logits(), Half.MAX);
    }
    if (config.takesPoints()) {
      Prompt point = new Prompt.Point(1, SIDE / 2f, SIDE / 2f, true);
      measure("mask of a point", teacher.decode(features, SIDE, SIDE, point).logits(), Half.MAX);
      askAgain(teacher, features);
    }
  }

  /**
   * A second point, with the mask of the first where the decoder takes it. One of a fixed number of
   * points is a teacher all the same: of single prompts.
   */
  private void askAgain(Teacher teacher, Map<String, FloatTensor> features) {
    var inside = new Prompt.Point(1, SIDE / 2f, SIDE / 2f, true);
    var outside = new Prompt.Point(1, SIDE / 8f, SIDE / 8f, false);
    try (Teacher.Asking image = teacher.asking(features, SIDE, SIDE)) {
      Refined first = image.refine(Clicks.of(inside), 1);
      Clicks second = Clicks.of(inside).then(outside, first.carried());
      measure(SEVERAL, image.refine(second, 1).answer().logits(), Half.MAX);
    } catch (TeacherException e) {
      layers.put(SEVERAL, "none: " + e.getMessage());
    }
  }

  /** The gray image is square: its layers are the network's whole maps. */
  private boolean featuresFit(Map<String, FloatTensor> features) {
    int before = problems.size();
    config
        .decoder()
        .features()
        .forEach(
            (tensor, layer) -> {
              FloatTensor map = features.get(layer);
              long[] given = {1, map.dim(0), map.dim(1), map.dim(2)};
              long[] taken = decoderInputs.get(tensor);
              if (taken != null && !matches(taken, given)) {
                problems.add(
                    "decoder input '%s' takes %s, layer %s gives %s"
                        .formatted(tensor, Arrays.toString(taken), layer, Arrays.toString(given)));
              }
            });
    return problems.size() == before;
  }

  /** Training views hold the embedding and logits as fp16, however the cache keeps its layers. */
  private float most(String layer) {
    boolean inViews = layer.equals(config.embedding()) || layer.equals(Teacher.LOGITS);
    return inViews ? Half.MAX : Float.MAX_VALUE;
  }

  private void measure(String layer, FloatTensor map, float most) {
    layers.put(layer, Arrays.toString(map.shape()));
    for (float v : map.data()) {
      if (!(Math.abs(v) <= most)) { // NaN too
        problems.add(
            "Layer %s holds %s for a gray image (must be finite%s)"
                .formatted(
                    layer, v, most == Half.MAX ? " and within ±65504: views hold it as fp16" : ""));
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

  /** An input that nobody feeds can't be left out of a call. */
  private void expectFed(String key, Collection<String> fed, Set<String> there) {
    Set<String> unfed = new LinkedHashSet<>(there);
    fed.forEach(unfed::remove);
    // Where a name is wrong as well, the file's own is the unfed one, and that has been said.
    if (!unfed.isEmpty() && there.containsAll(fed)) {
      problems.add(
          "%s name %s, the file takes also %s, which nothing feeds"
              .formatted(key, fed, unfed.stream().collect(Collectors.joining(", "))));
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
    long[] asked = new Preprocessing(config.input()).wholeShape();
    if (shape != null && !matches(shape, asked)) {
      problems.add(
          "input asks for "
              + Arrays.toString(asked)
              + ", the file takes "
              + Arrays.toString(shape)
              + layoutHint(shape));
    }
  }

  private String layoutHint(long[] shape) {
    boolean pixels = shape.length == 3 && shape[2] == 3;
    return pixels && config.input().layout() == InputConfig.Layout.NCHW
        ? " (pixels [h, w, 3]: layout: hwc; it normalises by itself, so mean: [0, 0, 0], std: [1,"
            + " 1, 1])"
        : "";
  }

  /** A negative length of the file's is any. */
  private static boolean matches(long[] declared, long[] given) {
    boolean fits = declared.length == given.length;
    for (int i = 0; fits && i < given.length; i++) {
      fits = declared[i] < 0 || declared[i] == given[i];
    }
    return fits;
  }

  private TeacherException unreadable(String file, OrtException e) {
    return new TeacherException(
        "Cannot read teacher " + config.name() + " from " + file + ": " + e.getMessage(), e);
  }
}
