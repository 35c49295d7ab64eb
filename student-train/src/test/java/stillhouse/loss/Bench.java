package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import stillhouse.cache.Projection;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

/** A small workbench: one engine scope, weights, and the shapes of one batch. */
final class Bench implements AutoCloseable {
  static final ObjectMapper YAML = new YAMLMapper();

  final NDManager manager = NDManager.newBaseManager();
  final Weights weights = new Weights(manager, 3);

  /** The one loss that a recipe's {@code losses} mapping names. */
  static LossSettings settings(String yaml) {
    try {
      return YAML.readValue(yaml, Losses.class).byName().values().iterator().next();
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("Cannot read " + yaml, e);
    }
  }

  /**
   * A loss for 5 student and 6 teacher channels, compared in 3 principal directions, and an encoder
   * of two levels.
   */
  Loss loss(String yaml) {
    return loss(yaml, ProjectionSettings.TeacherProjection.PCA);
  }

  Loss loss(String yaml, ProjectionSettings.TeacherProjection kind) {
    return settings(yaml).create(assembly(kind));
  }

  /** For several losses of one objective. */
  Assembly assembly(ProjectionSettings.TeacherProjection kind) {
    var context = new ObjectiveContext(weights, 5, List.of(3, 4), 6, 4, projection(6, 0));
    return new Assembly(context, new ProjectionSettings(3, kind, null));
  }

  /** The first axes as directions, and a mean of {@code shift} everywhere. */
  static Projection projection(int channels, float shift) {
    float[] mean = new float[channels];
    java.util.Arrays.fill(mean, shift);
    float[][] directions = new float[channels][channels];
    for (int c = 0; c < channels; c++) {
      directions[c][c] = 1;
    }
    return new Projection(mean, directions, new float[channels]);
  }

  NDArray random(long seed, double low, double high, long... shape) {
    var s = new Shape(shape);
    var random = new SplittableRandom(seed);
    float[] values = new float[(int) s.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (low + (high - low) * random.nextDouble());
    }
    return manager.create(values, s);
  }

  /** A batch of {@code size} samples of 2 classes, 6×6 pixels and a 4×4 grid. */
  Samples samples(long seed, int size) {
    long[] keys = new long[size];
    for (int b = 0; b < size; b++) {
      keys[b] = seed * 31 + b;
    }
    NDArray labels = random(seed + 1, 0, 3, size, 1, 6, 6).floor();
    NDArray truth =
        labels.eq(1).concat(labels.eq(2), 1).toType(ai.djl.ndarray.types.DataType.FLOAT32, true);
    NDArray valid =
        random(seed + 2, 0, 1, size, 1, 6, 6)
            .gt(0.2)
            .toType(ai.djl.ndarray.types.DataType.FLOAT32, true);
    return new Samples(
        new StudentOutput(
            random(seed + 3, -1, 1, size, 5, 4, 4),
            random(seed + 4, -3, 3, size, 2, 6, 6),
            List.of(
                random(seed + 8, -1, 1, size, 3, 8, 8), random(seed + 9, -1, 1, size, 4, 2, 2))),
        new Targets(
            truth,
            valid,
            random(seed + 5, -4, 4, size, 2, 3, 3),
            random(seed + 6, -1, 1, size, 6, 4, 4),
            random(seed + 7, 0, 5, size, 3, 4, 4),
            new Draws(seed, 1, keys)));
  }

  /** What a student said, and what it is held against. */
  record Samples(StudentOutput output, Targets targets) {
    Samples slice(int from, int to) {
      String rows = from + ":" + to;
      return new Samples(
          new StudentOutput(
              output.embedding().get(rows),
              output.logits().get(rows),
              output.levels().stream().map(level -> level.get(rows)).toList()),
          new Targets(
              targets.truth().get(rows),
              targets.valid().get(rows),
              targets.teacherLogits().get(rows),
              targets.teacherEmbedding().get(rows),
              targets.structure().get(rows),
              of((Draws) targets.noise(), from, to)));
    }

    private static Draws of(Draws all, int from, int to) {
      long[] keys = java.util.Arrays.copyOfRange(all.sampleKeys(), from, to);
      return new Draws(all.seed(), all.epoch(), keys);
    }

    Samples withTeacherEmbedding(NDArray embedding) {
      return new Samples(
          output,
          new Targets(
              targets.truth(),
              targets.valid(),
              targets.teacherLogits(),
              embedding,
              targets.structure(),
              targets.noise()));
    }

    Samples withValid(NDArray valid) {
      return new Samples(
          output,
          new Targets(
              targets.truth(),
              valid,
              targets.teacherLogits(),
              targets.teacherEmbedding(),
              targets.structure(),
              targets.noise()));
    }

    Samples withOutput(NDArray embedding, NDArray logits) {
      return new Samples(new StudentOutput(embedding, logits), targets);
    }

    float[] of(Loss loss) {
      return loss.perSample(output, targets).toFloatArray();
    }
  }

  /** The gradient of Σ of a value with respect to tensors, by name. */
  Map<String, float[]> gradients(Map<String, NDArray> of, Supplier<NDArray> value) {
    of.values().forEach(a -> a.setRequiresGradient(true));
    try (var collector = manager.getEngine().newGradientCollector()) {
      collector.zeroGradients();
      NDArray total = value.get().sum();
      collector.backward(total);
    }
    Map<String, float[]> gradients = new LinkedHashMap<>();
    of.forEach(
        (name, a) -> {
          try (NDArray gradient = a.getGradient()) {
            gradients.put(name, gradient.toFloatArray());
          }
        });
    return gradients;
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }
}
