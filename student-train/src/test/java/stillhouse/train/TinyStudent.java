package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import java.util.Set;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.Part;
import stillhouse.student.ProposalHead;
import stillhouse.student.Student;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

/** Two convolutions without batch statistics, and a running mean that only a buffer sees. */
final class TinyStudent implements Student {
  private final Weights weights;

  TinyStudent(Weights weights) {
    this.weights = weights;
    weights.kaiming("student.first.weight", 27, 8, 3, 3, 3);
    weights.constant("student.first.bias", 0, 8);
    weights.kaiming("student.second.weight", 8, 2, 8, 1, 1);
    weights.constant("student.second.bias", 0, 2);
    weights.buffer("student.seen", 0.5, 1);
  }

  @Override
  public StudentOutput forward(NDArray image, Set<Part> training) {
    NDArray embedding = conv(image, "student.first", new Shape(1, 1)).getNDArrayInternal().relu();
    NDArray logits = conv(embedding, "student.second", new Shape(0, 0));
    if (training.contains(Part.ENCODER)) {
      float mean = image.mean().getFloat();
      NDArray seen = weights.get("student.seen");
      seen.muli(0.9).addi(0.1 * mean);
    }
    return new StudentOutput(embedding, logits);
  }

  @Override
  public Part partOf(String tensor) {
    return part(tensor);
  }

  static Part part(String tensor) {
    if (tensor.contains(".mask_decoder.") || tensor.contains(".prompt_encoder.")) {
      return Part.PROMPTS;
    }
    if (tensor.startsWith(ProposalHead.PREFIX)) {
      return Part.PROPOSALS;
    }
    return tensor.startsWith("student.second.") ? Part.DECODER : Part.ENCODER;
  }

  private NDArray conv(NDArray x, String name, Shape padding) {
    return Conv2d.conv2d(
            x,
            weights.get(name + ".weight"),
            weights.get(name + ".bias"),
            new Shape(1, 1),
            padding,
            new Shape(1, 1))
        .singletonOrThrow();
  }

  @Override
  public int embeddingChannels() {
    return 8;
  }

  @Override
  public int embeddingStride() {
    return 1;
  }

  @Override
  public int classes() {
    return 2;
  }

  @Override
  public void export(OnnxGraph graph) {
    throw new UnsupportedOperationException("Only trained in tests");
  }
}
