package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import stillhouse.comm.SingleRank;
import stillhouse.student.HostValues;
import stillhouse.student.Weights;

class AdamWTest {
  private static final CosineSchedule SCHEDULE = new CosineSchedule(0.01, 3, 12);

  /** Clipping, schedule and optimiser together against torch 2.7.1; see reference/adamw.py. */
  @Test
  void equalsTorch() throws IOException {
    JsonNode steps =
        new ObjectMapper().readTree(getClass().getResource("/reference/adamw.json")).get("steps");
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager, 1)) {
      NDArray matrix = weights.constant("matrix", 0, 2, 3);
      NDArray vector = weights.constant("vector", 0, 2);
      Tensors.fill(matrix, new float[] {0.5f, -1, 2, 0.25f, 0, -0.75f});
      Tensors.fill(vector, new float[] {1, -2});
      try (AdamW optimizer = new AdamW(manager, weights, 0.05);
          GradientBuffer gradients = new GradientBuffer(manager, weights, 0, new SingleRank())) {
        for (int step = 0; step < steps.size(); step++) {
          backward(manager, matrix, gradient(step, 6, 0, 1));
          backward(manager, vector, gradient(step, 2, 1, 1e-8));
          gradients.collect();
          gradients.reduce();
          double norm = gradients.norm();
          float scale = GradientBuffer.clipping(norm, 1.0);
          optimizer.update(gradients.gradients(), scale, SCHEDULE.at(step));

          JsonNode expected = steps.get(step);
          assertThat(SCHEDULE.at(step)).isCloseTo(expected.get("rate").asDouble(), within(1e-12));
          assertThat(norm).isCloseTo(expected.get("norm").asDouble(), within(1e-5));
          assertEqual(matrix, expected.get("matrix"));
          assertEqual(vector, expected.get("vector"));
        }
        assertThat(optimizer.steps()).isEqualTo(12);
      }
    }
  }

  @Test
  void aStepTakesTheGradientsThatWereCollected() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager, 1)) {
      NDArray w = weights.constant("w", 1, 2, 2);
      try (GradientBuffer gradients = new GradientBuffer(manager, weights, 1, new SingleRank());
          AdamW optimizer = new AdamW(manager, weights, 0)) {
        backward(manager, w, new float[] {1, 2, 3, 4});
        backward(manager, w, new float[] {1, 1, 1, 1});
        gradients.collect();
        gradients.setExtra(0, 5);
        assertThat(gradients.norm()).isCloseTo(Math.sqrt(4 + 9 + 16 + 25), within(1e-6));
        assertThat(gradients.gradients().get("w").toFloatArray()).containsExactly(2, 3, 4, 5);
        assertThat(gradients.extra(0)).isEqualTo(5);

        optimizer.update(gradients.gradients(), 1, 1e-3);
        gradients.collect();
        assertThat(gradients.norm()).isZero();
        assertThat(gradients.extra(0)).isEqualTo(5);
      }
    }
  }

  /** Over more than one chunk of the pass, and a rest. */
  @Test
  void onePassMovesWhatTheEnginesOwnStepMoves() {
    int size = 5003;
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray gradient = manager.randomNormal(new Shape(size));
      NDArray[] ours = {
        manager.randomNormal(new Shape(size)), state(manager, 1), state(manager, 2)
      };
      NDArray[] engines = {ours[0].duplicate(), ours[1].duplicate(), ours[2].duplicate()};
      engines[0].setRequiresGradient(true);
      backward(manager, engines[0], new float[size]); // it wants a gradient to zero

      new AdamStep(0.9f, 0.999f)
          .update(
              HostValues.memory(ours[0]),
              HostValues.memory(gradient),
              HostValues.memory(ours[1]),
              HostValues.memory(ours[2]),
              new AdamStep.Rates(0.5f, 1 - 0.01f * 0.1f, 0.02f, 1e-6f));
      engines[0]
          .getNDArrayInternal()
          .adamUpdate(
              new NDList(engines[0], gradient, engines[1], engines[2]),
              new NDList(engines[0]),
              0.01f,
              0.02f,
              0.1f,
              0.5f,
              -1f,
              0.9f,
              0.999f,
              1e-6f,
              false,
              true);

      for (int i = 0; i < ours.length; i++) {
        assertThat(ours[i].toFloatArray())
            .containsExactly(engines[i].toFloatArray(), within(1e-6f));
      }
    }
  }

  private static NDArray state(NDManager manager, int seed) {
    return manager.randomUniform(0.1f * seed, 1f, new Shape(5003));
  }

  @Test
  void theNormIsThatOfAllChunksWhateverTheirRest() {
    int size = 3 * 4096 + 77;
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager, 1)) {
      NDArray w = weights.constant("w", 1, size);
      try (GradientBuffer gradients = new GradientBuffer(manager, weights, 0, new SingleRank())) {
        float[] values = new float[size];
        double squares = 0;
        for (int i = 0; i < size; i++) {
          values[i] = (float) Math.exp(4 * Math.sin(i));
          squares += (double) values[i] * values[i];
        }
        backward(manager, w, values);
        gradients.collect();
        assertThat(gradients.norm()).isCloseTo(Math.sqrt(squares), withinPercentage(1e-4));
      }
    }
  }

  private static void backward(NDManager manager, NDArray weight, float[] gradient) {
    try (NDManager step = manager.newSubManager();
        GradientCollector collector = manager.getEngine().newGradientCollector()) {
      NDArray loss = step.create(gradient, weight.getShape()).mul(weight).sum();
      collector.backward(loss);
    }
  }

  private static float[] gradient(int step, int size, double phase, double scale) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (3 * Math.sin(0.7 * i + 0.9 * step + phase)) * (float) scale;
    }
    return values;
  }

  private static void assertEqual(NDArray actual, JsonNode expected) {
    float[] values = actual.toFloatArray();
    for (int i = 0; i < values.length; i++) {
      assertThat(values[i]).isCloseTo((float) expected.get(i).asDouble(), within(1e-6f));
    }
  }
}
