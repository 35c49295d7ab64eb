package stillhouse.decoder;

import stillhouse.student.Layer;
import stillhouse.student.Linear;
import stillhouse.student.Nonlinearity;
import stillhouse.student.Sequence;
import stillhouse.student.Weights;

/** Three linear layers with ReLU between them, over the last axis. Source: SAM's class MLP. */
final class TokenHead {
  private TokenHead() {}

  static Layer of(Weights weights, String name, int in, int hidden, int out) {
    return Sequence.of(
        new Linear(weights, name + ".layers.0", in, hidden),
        Nonlinearity.RELU,
        new Linear(weights, name + ".layers.1", hidden, hidden),
        Nonlinearity.RELU,
        new Linear(weights, name + ".layers.2", hidden, out));
  }
}
