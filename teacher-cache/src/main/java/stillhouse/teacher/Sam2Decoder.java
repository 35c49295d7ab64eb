package stillhouse.teacher;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.tensor.FloatTensor;

/**
 * SAM 2's prompt encoder and mask decoder as one ONNX file: three candidate masks a prompt, of
 * which the one with the greatest predicted IoU is the answer. Points are in units of the encoder's
 * input, which a directly resized image covers whole; a box is its two corners, labelled 2 and 3.
 */
final class Sam2Decoder implements AutoCloseable {
  private final TeacherConfig config;
  private final DecoderConfig names;
  private final OrtSession session;
  private final int maskSize;
  private final FloatBuffer noMask;

  private Sam2Decoder(TeacherConfig config, OrtSession session) {
    this.config = config;
    this.names = config.decoder();
    this.session = session;
    this.maskSize = config.input().height() / 4; // SAM's masks have a quarter of the input's side
    this.noMask = BatchedTeacher.directFloats(maskSize * maskSize);
  }

  static Sam2Decoder open(TeacherConfig config, String file) {
    OrtSession session = Onnx.session(config, file);
    DecoderConfig names = config.decoder();
    try {
      OnnxTeacher.requireNames(config, "decoder inputs", inputs(names), session.getInputNames());
      OnnxTeacher.requireNames(config, "decoder outputs", outputs(names), session.getOutputNames());
      return new Sam2Decoder(config, session);
    } catch (RuntimeException e) {
      Onnx.close(config, session);
      throw e;
    }
  }

  /**
   * @param features {@code embedding}, {@code high_res_0}, {@code high_res_1}, as they were cached
   * @param width the original image's, in whose pixels the prompt is
   */
  MaskAnswer decode(Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
    Question question =
        Question.of(prompt, inputWidth() / (float) width, inputHeight() / (float) height);
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    try {
      inputs.put(names.imageEmbed(), feature(features, TeacherConfig.EMBEDDING));
      inputs.put(names.highRes0(), feature(features, TeacherConfig.HIGH_RES_0));
      inputs.put(names.highRes1(), feature(features, TeacherConfig.HIGH_RES_1));
      int points = question.labels.length;
      inputs.put(names.pointCoords(), Onnx.tensor(FloatBuffer.wrap(question.coords), 1, points, 2));
      inputs.put(names.pointLabels(), Onnx.tensor(FloatBuffer.wrap(question.labels), 1, points));
      inputs.put(names.maskInput(), Onnx.tensor(noMask.duplicate(), 1, 1, maskSize, maskSize));
      inputs.put(names.hasMaskInput(), Onnx.tensor(FloatBuffer.wrap(new float[1]), 1));
      try (OrtSession.Result result = session.run(inputs)) {
        return best(result);
      }
    } catch (OrtException e) {
      throw new TeacherException(
          "Cannot ask teacher " + config.name() + " about " + prompt + ": " + e.getMessage(), e);
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  @Override
  public void close() {
    Onnx.close(config, session);
  }

  static List<String> inputs(DecoderConfig names) {
    return List.of(
        names.imageEmbed(),
        names.highRes0(),
        names.highRes1(),
        names.pointCoords(),
        names.pointLabels(),
        names.maskInput(),
        names.hasMaskInput());
  }

  static List<String> outputs(DecoderConfig names) {
    return List.of(names.masks(), names.iouPredictions());
  }

  /** Of masks [1, M, h, w], the one whose predicted IoU [1, M] is greatest; the first of equals. */
  private MaskAnswer best(OrtSession.Result result) {
    var masks = (OnnxTensor) result.get(names.masks()).orElseThrow();
    float[] ious = Onnx.floats((OnnxTensor) result.get(names.iouPredictions()).orElseThrow());
    int best = 0;
    for (int m = 1; m < ious.length; m++) {
      if (ious[m] > ious[best]) {
        best = m;
      }
    }
    long[] shape = masks.getInfo().getShape();
    int h = Math.toIntExact(shape[2]);
    int w = Math.toIntExact(shape[3]);
    FloatBuffer all = masks.getFloatBuffer();
    float[] logits = new float[h * w];
    all.get(best * logits.length, logits);
    return new MaskAnswer(new FloatTensor(new int[] {h, w}, logits), ious[best]);
  }

  private OnnxTensor feature(Map<String, FloatTensor> features, String layer) throws OrtException {
    FloatTensor map = features.get(layer);
    if (map == null || map.rank() != 3) {
      throw new IllegalArgumentException(
          "Cannot ask teacher "
              + config.name()
              + ": layer "
              + layer
              + " is "
              + (map == null ? "missing from " + features.keySet() : map + ", expected [C, h, w]"));
    }
    return Onnx.tensor(FloatBuffer.wrap(map.data()), 1, map.dim(0), map.dim(1), map.dim(2));
  }

  private int inputWidth() {
    return config.input().width();
  }

  private int inputHeight() {
    return config.input().height();
  }

  /** Points [P, 2] in the encoder's pixels and their labels [P]. */
  private static final class Question {
    // SAM's labels: background and foreground point, top left and bottom right corner of a box.
    private static final float BACKGROUND = 0;
    private static final float FOREGROUND = 1;
    private static final float TOP_LEFT = 2;
    private static final float BOTTOM_RIGHT = 3;

    private final float[] coords;
    private final float[] labels;

    private Question(float[] coords, float[] labels) {
      this.coords = coords;
      this.labels = labels;
    }

    static Question of(Prompt prompt, float scaleX, float scaleY) {
      if (prompt instanceof Prompt.Box box) {
        return new Question(
            new float[] {
              box.x0() * scaleX, box.y0() * scaleY, box.x1() * scaleX, box.y1() * scaleY
            },
            new float[] {TOP_LEFT, BOTTOM_RIGHT});
      }
      var point = (Prompt.Point) prompt;
      return new Question(
          new float[] {point.x() * scaleX, point.y() * scaleY},
          new float[] {point.foreground() ? FOREGROUND : BACKGROUND});
    }
  }
}
