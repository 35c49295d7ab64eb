package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/** AdamW; decay is decoupled from the gradient. */
public record OptimizerSettings(
    Kind type, double learningRate, Double weightDecay, Double beta1, Double beta2, Double epsilon)
    implements Serializable {
  /** The optimisers there are. */
  public enum Kind {
    @JsonProperty("adamw")
    ADAMW
  }

  public OptimizerSettings withLearningRate(double rate) {
    return new OptimizerSettings(type, rate, weightDecay, beta1, beta2, epsilon);
  }

  public OptimizerSettings {
    // PyTorch's defaults, which the seeds' "AdamW" leaves as they are
    weightDecay = weightDecay == null ? 0.01 : weightDecay;
    beta1 = beta1 == null ? 0.9 : beta1;
    beta2 = beta2 == null ? 0.999 : beta2;
    epsilon = epsilon == null ? 1e-8 : epsilon;
  }
}
