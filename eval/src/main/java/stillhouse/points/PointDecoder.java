package stillhouse.points;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.predict.BrokenNetworkException;
import stillhouse.teacher.MaskAnswer;
import stillhouse.tensor.FloatTensor;

/**
 * A student's decoder of points under ONNX Runtime, asked about all points of an image in one call:
 * each with its padding point, as it was trained, and answered by the alternative of the greatest
 * predicted IoU, the first of equals. Thread-safe.
 */
final class PointDecoder implements AutoCloseable {
  private static final String MASKS = "low_res_masks";
  private static final String IOUS = "iou_predictions";
  private static final int SLOTS = 2; // a point and its padding
  private static final float PADDING = -1;

  private final String name;
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  /**
   * @param name stands in messages
   * @throws IllegalArgumentException where it can't be run
   */
  PointDecoder(byte[] model, String name, int threads) {
    this.name = name;
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      session = environment.createSession(model, options);
    } catch (OrtException e) {
      throw new IllegalArgumentException("Cannot load model " + name + ": " + e.getMessage(), e);
    }
  }

  /**
   * @param embedding [C, g, g]
   * @param points at least one
   * @return an answer each
   */
  List<MaskAnswer> ask(FloatTensor embedding, ProposedPoints points) {
    long[] image = {1, embedding.dim(0), embedding.dim(1), embedding.dim(2)};
    int count = points.count();
    float[] coords = new float[SLOTS * 2 * count];
    float[] labels = new float[SLOTS * count];
    for (int k = 0; k < count; k++) {
      coords[SLOTS * 2 * k] = points.x(k);
      coords[SLOTS * 2 * k + 1] = points.y(k);
      labels[SLOTS * k] = 1;
      labels[SLOTS * k + 1] = PADDING;
    }
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    try {
      inputs.put("image_embeddings", tensor(embedding.data(), image));
      inputs.put("point_coords", tensor(coords, count, SLOTS, 2));
      inputs.put("point_labels", tensor(labels, count, SLOTS));
      try (OrtSession.Result result = session.run(inputs)) {
        return answers(
            (OnnxTensor) result.get(MASKS).orElseThrow(),
            (OnnxTensor) result.get(IOUS).orElseThrow());
      }
    } catch (OrtException e) {
      throw new IllegalStateException(
          "Cannot ask %s about %d points: %s".formatted(name, count, e.getMessage()), e);
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor tensor(float[] values, long... shape) throws OrtException {
    return OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), shape);
  }

  /**
   * @param masks [P, M, h, w], the first not meant for one point
   * @param ious [P, M]
   */
  private List<MaskAnswer> answers(OnnxTensor masks, OnnxTensor ious) {
    long[] shape = masks.getInfo().getShape();
    int candidates = (int) shape[1];
    if (candidates < 2) {
      throw new IllegalArgumentException(
          "Cannot ask %s: it gives %d mask a point (must be 2 or more: the first is not meant for one point)"
              .formatted(name, candidates));
    }
    int[] plane = {(int) shape[2], (int) shape[3]};
    FloatBuffer logits = masks.getFloatBuffer();
    FloatBuffer predicted = ious.getFloatBuffer();
    List<MaskAnswer> answers = new ArrayList<>();
    for (int p = 0; p < shape[0]; p++) {
      int best = 1;
      for (int m = 1; m < candidates; m++) {
        // No mask is better or worse than one whose predicted IoU is none.
        BrokenNetworkException.check(
            name, IOUS + " of point " + p, predicted.get(p * candidates + m));
        best = predicted.get(p * candidates + m) > predicted.get(p * candidates + best) ? m : best;
      }
      float[] mask = new float[plane[0] * plane[1]];
      logits.get((p * candidates + best) * mask.length, mask);
      FloatTensor answer = new FloatTensor(plane, mask);
      BrokenNetworkException.check(name, answer);
      answers.add(new MaskAnswer(answer, predicted.get(p * candidates + best)));
    }
    return answers;
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("Cannot close " + name + ": " + e.getMessage(), e);
    }
  }
}
