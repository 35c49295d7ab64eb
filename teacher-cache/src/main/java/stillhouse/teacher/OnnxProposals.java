package stillhouse.teacher;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import stillhouse.tensor.FloatTensor;

/** An ONNX file that proposes boxes from an embedding, as {@code export} writes it. */
final class OnnxProposals implements AutoCloseable {
  static final String EMBEDDING = "image_embeddings";
  static final String SCORES = "scores";
  static final String DISTANCES = "distances";

  private final TeacherConfig config;
  private final OrtSession session;

  private OnnxProposals(TeacherConfig config, OrtSession session) {
    this.config = config;
    this.session = session;
  }

  static OnnxProposals open(TeacherConfig config, String file, TeacherDevice device) {
    OrtSession session = Onnx.session(config, file, device);
    try {
      OnnxTeacher.requireNames(
          config, "proposals' input", List.of(EMBEDDING), session.getInputNames());
      OnnxTeacher.requireNames(
          config, "proposals' outputs", List.of(SCORES, DISTANCES), session.getOutputNames());
      return new OnnxProposals(config, session);
    } catch (RuntimeException e) {
      Onnx.close(config, session);
      throw e;
    }
  }

  /**
   * @param embedding over the network's whole input, [1, C, h, w]
   */
  Proposals of(FloatTensor embedding, InputFrame frame) {
    long[] shape = Arrays.stream(embedding.shape()).asLongStream().toArray();
    try (OnnxTensor input = Onnx.tensor(FloatBuffer.wrap(embedding.data()), shape);
        OrtSession.Result result = session.run(Map.of(EMBEDDING, input))) {
      return Proposals.of(Onnx.read(result, SCORES), Onnx.read(result, DISTANCES), frame);
    } catch (OrtException e) {
      throw new TeacherException(
          "Cannot ask teacher %s for proposals with an embedding of %s: %s"
              .formatted(config.name(), Arrays.toString(shape), e.getMessage()),
          e);
    }
  }

  @Override
  public void close() {
    Onnx.close(config, session);
  }
}
