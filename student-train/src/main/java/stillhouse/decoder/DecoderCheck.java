package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import stillhouse.onnx.OutputDifference;

/** Holds an exported file against the decoder that it was written from. */
public final class DecoderCheck {
  /** The largest difference that rounding explains, in logits and in predicted IoU. */
  public static final double TOLERANCE = OutputDifference.TOLERANCE;

  private static final long SEED = 20; // any fixed one: a check that passes passes again

  /**
   * The largest absolute differences seen.
   *
   * @param masks over all logits
   * @param ious over all predictions
   */
  public record Difference(double masks, double ious) {
    Difference max(Difference other) {
      return new Difference(Math.max(masks, other.masks), Math.max(ious, other.ious));
    }
  }

  private final PromptableDecoder decoder;
  private final OrtSession session;
  private final NDManager manager;

  private DecoderCheck(PromptableDecoder decoder, OrtSession session, NDManager manager) {
    this.decoder = decoder;
    this.session = session;
    this.manager = manager;
  }

  /**
   * Runs the file in ONNX Runtime and the decoder on the same random prompts about each embedding:
   * one, and two at once; without an earlier mask, and with one where there is a way in.
   *
   * @param embeddings [n, C, g, g], n ≥ 1
   * @throws IllegalStateException where they differ by more than {@link #TOLERANCE}, or are NaN
   */
  public static Difference compare(PromptableDecoder decoder, Path file, NDArray embeddings) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (NDManager manager = embeddings.getManager().newSubManager();
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(file.toString(), options)) {
        return require(new DecoderCheck(decoder, session, manager).worst(embeddings), file);
      }
    } catch (OrtException e) {
      throw new IllegalStateException("Cannot run " + file + " in ONNX Runtime", e);
    }
  }

  private static Difference require(Difference worst, Path file) {
    if (!(worst.masks() <= TOLERANCE && worst.ious() <= TOLERANCE)) {
      throw new IllegalStateException(
          "The exported "
              + file
              + " is not the trained decoder: logits differ by up to "
              + worst.masks()
              + ", predicted IoU by "
              + worst.ious()
              + " (at most "
              + TOLERANCE
              + "). Export it again from the checkpoint it names.");
    }
    return worst;
  }

  private Difference worst(NDArray embeddings) throws OrtException {
    Random random = new Random(SEED);
    Difference worst = new Difference(0, 0);
    for (int i = 0; i < embeddings.getShape().get(0); i++) {
      NDArray image = manager.create(embeddings.get(i).toFloatArray(), one(embeddings));
      for (int prompts = 1; prompts <= 2; prompts++) {
        worst = worst.max(difference(image, RandomPrompts.of(decoder, prompts, false, random)));
        if (decoder.config().prompts().takesMask()) {
          worst = worst.max(difference(image, RandomPrompts.of(decoder, prompts, true, random)));
        }
      }
    }
    return worst;
  }

  private static Shape one(NDArray embeddings) {
    return new Shape(1).addAll(embeddings.getShape().slice(1));
  }

  private Difference difference(NDArray image, RandomPrompts asked) throws OrtException {
    NDArray points = manager.create(asked.points(), asked.pointShape());
    NDArray labels = manager.create(asked.labels(), asked.labelShape());
    NDArray mask = manager.create(asked.mask(), asked.maskShape());
    PromptedMasks expected =
        asked.masked()
            ? decoder.forward(image, points, labels, mask, false)
            : decoder.forward(image, points, labels, false);
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    try {
      inputs.put("image_embeddings", tensor(image));
      inputs.put("point_coords", tensor(points));
      inputs.put("point_labels", tensor(labels));
      if (decoder.config().prompts().takesMask()) {
        inputs.put("mask_input", tensor(mask));
        inputs.put("has_mask_input", tensor(manager.create(new float[] {asked.masked() ? 1 : 0})));
      }
      try (OrtSession.Result result = session.run(inputs)) {
        return new Difference(
            OutputDifference.largest(expected.masks(), result, "low_res_masks", "decoder"),
            OutputDifference.largest(expected.ious(), result, "iou_predictions", "decoder"));
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor tensor(NDArray values) throws OrtException {
    return OnnxTensor.createTensor(
        OrtEnvironment.getEnvironment(),
        FloatBuffer.wrap(values.toFloatArray()),
        values.getShape().getShape());
  }
}
