package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Activation;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import stillhouse.onnx.OnnxExport;
import stillhouse.onnx.OnnxGraph;
import stillhouse.onnx.OutputDifference;
import stillhouse.student.ProposalHead;
import stillhouse.student.Weights;

/**
 * A student's proposals as an ONNX file of its own, which a teacher's YAML reads as {@code files:
 * proposals}: from the embedding, as the decoder's, so that they are asked on what is cached.
 */
public final class ProposalFile {
  /**
   * The largest absolute differences seen.
   *
   * @param scores over all probabilities
   * @param distances over all distances, in cells
   */
  public record Difference(double scores, double distances) {}

  private ProposalFile() {}

  /**
   * Writes the head; the file appears whole or not at all.
   *
   * @param weights that {@code head} was made in
   */
  public static void write(
      ProposalHead head, PromptGrid grid, Weights weights, Map<String, String> metadata, Path file)
      throws IOException {
    OnnxExport.requireFinite(weights, ProposalHead.PREFIX);
    OnnxGraph graph = new OnnxGraph("proposals");
    head.export(graph, grid.height(), grid.width());
    OnnxExport.write(graph, metadata, file);
  }

  /**
   * Runs the file in ONNX Runtime and the head on the same embeddings, all at once and each alone.
   *
   * @param embeddings [n, C, h, w], n ≥ 1
   * @throws IllegalStateException where they differ by more than {@link
   *     OutputDifference#TOLERANCE}, or are NaN
   */
  public static Difference compare(ProposalHead head, Path file, NDArray embeddings) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (NDManager manager = embeddings.getManager().newSubManager();
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(file.toString(), options)) {
        Difference worst = difference(head, session, embeddings, manager);
        for (long i = 0; i < embeddings.getShape().get(0); i++) {
          NDArray one = embeddings.get(i + ":" + (i + 1));
          one.attach(manager);
          Difference alone = difference(head, session, one, manager);
          worst =
              new Difference(
                  Math.max(worst.scores, alone.scores), Math.max(worst.distances, alone.distances));
        }
        return require(worst, file);
      }
    } catch (OrtException e) {
      throw new IllegalStateException("Cannot run " + file + " in ONNX Runtime", e);
    }
  }

  private static Difference require(Difference worst, Path file) {
    double most = OutputDifference.TOLERANCE;
    if (!(worst.scores <= most && worst.distances <= most)) {
      throw new IllegalStateException(
          "The exported %s is not the trained head: scores differ by up to %s, distances by %s (at most %s). Export it again from the checkpoint it names."
              .formatted(file, worst.scores, worst.distances, most));
    }
    return worst;
  }

  private static Difference difference(
      ProposalHead head, OrtSession session, NDArray embeddings, NDManager manager)
      throws OrtException {
    ProposalHead.Maps expected = head.forward(embeddings, false);
    NDArray scores = Activation.sigmoid(expected.objectness());
    expected.objectness().attach(manager);
    expected.distances().attach(manager);
    scores.attach(manager);
    FloatBuffer values = FloatBuffer.wrap(embeddings.toFloatArray());
    try (OnnxTensor image =
            OnnxTensor.createTensor(
                OrtEnvironment.getEnvironment(), values, embeddings.getShape().getShape());
        OrtSession.Result result = session.run(Map.of("image_embeddings", image))) {
      return new Difference(
          OutputDifference.largest(scores, result, "scores", "head"),
          OutputDifference.largest(expected.distances(), result, "distances", "head"));
    }
  }
}
