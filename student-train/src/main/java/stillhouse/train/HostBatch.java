package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import stillhouse.cache.ViewInfo;
import stillhouse.data.ClassMask;
import stillhouse.data.Images;
import stillhouse.loss.Draws;
import stillhouse.loss.Targets;
import stillhouse.tensor.Half;

/** One rank's share of one step, decoded to floats but not yet tensors: no native memory. */
final class HostBatch {
  private final ViewInfo info;
  private final Set<Column> columns;
  private final List<ViewSample> samples;
  private final boolean[] labelled;
  private final Draws draws;

  private final float[] image;
  private final float[] truth;
  private final float[] valid;
  private final float[] logits;
  private final float[] embedding;
  private final float[] structure;

  /**
   * @param augment left undone where it is {@link Photometric#NONE}
   */
  HostBatch(
      ViewInfo info,
      Set<Column> columns,
      List<ViewSample> samples,
      double labelFraction,
      Photometric augment,
      long seed,
      int epoch) {
    this.info = info;
    this.columns = columns;
    this.samples = samples;
    this.labelled = new boolean[samples.size()];
    long[] keys = new long[samples.size()];
    for (int b = 0; b < samples.size(); b++) {
      ViewSample sample = samples.get(b);
      keys[b] = SampleKey.of(sample.id());
      labelled[b] = sample.labelled() && SampleKey.labelWithin(sample.id(), labelFraction);
    }
    this.draws = new Draws(seed, epoch, keys);
    this.image = image(augment);
    boolean masks = columns.contains(Column.MASK);
    this.truth = new float[masks ? samples.size() * classes() * area() : 0];
    this.valid = new float[masks ? samples.size() * area() : 0];
    if (masks) {
      label();
    }
    this.logits = halves(Column.LOGITS, info.logitsBytes() / Short.BYTES);
    this.embedding = halves(Column.EMBEDDING, info.embeddingBytes() / Short.BYTES);
    this.structure = structure();
  }

  /** Makes the tensors on {@code manager}, which then owns them. */
  Batch on(NDManager manager) {
    long b = samples.size();
    long h = info.height();
    long w = info.width();
    long k = classes();
    Shape grid = new Shape(info.gridHeight(), info.gridWidth());
    Targets targets =
        new Targets(
            tensor(manager, Column.MASK, truth, new Shape(b, k, h, w)),
            tensor(manager, Column.MASK, valid, new Shape(b, 1, h, w)),
            tensor(
                manager,
                Column.LOGITS,
                logits,
                new Shape(b, k, info.logitsHeight(), info.logitsWidth())),
            tensor(
                manager, Column.EMBEDDING, embedding, new Shape(b, info.channels()).addAll(grid)),
            tensor(manager, Column.STRUCTURE, structure, new Shape(b, 3).addAll(grid)),
            draws);
    float[] weight = new float[samples.size()];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = samples.get(i).weight();
    }
    return new Batch(
        manager.create(image, new Shape(b, 3, h, w)),
        targets,
        weight,
        labelled,
        samples.stream().map(ViewSample::id).toList());
  }

  private NDArray tensor(NDManager manager, Column column, float[] values, Shape shape) {
    return columns.contains(column)
        ? manager.create(values, shape)
        : manager.create(new float[0], new Shape(0));
  }

  /** [b, 3, H, W] in 0…1. */
  private float[] image(Photometric augment) {
    int area = area();
    float[] planes = new float[samples.size() * 3 * area];
    for (int b = 0; b < samples.size(); b++) {
      int at = b * 3 * area;
      Images.planes(samples.get(b).pixels(), planes, at);
      if (!augment.isNone()) {
        augment.apply(planes, at, info.height(), info.width(), draws.forSample(b, "photometric"));
      }
    }
    return planes;
  }

  /** One-hot truth and validity; a sample whose label may not be used keeps its zeros. */
  private void label() {
    int area = area();
    for (int b = 0; b < samples.size(); b++) {
      if (!labelled[b]) {
        continue;
      }
      byte[] mask = samples.get(b).mask();
      for (int i = 0; i < area; i++) {
        int label = mask[i] & 0xff;
        if (label == ClassMask.IGNORE) {
          continue;
        }
        valid[b * area + i] = 1;
        if (label > 0) {
          truth[(b * classes() + label - 1) * area + i] = 1;
        }
      }
    }
  }

  private float[] halves(Column column, int perSample) {
    if (!columns.contains(column)) {
      return new float[0];
    }
    float[] values = new float[samples.size() * perSample];
    for (int b = 0; b < samples.size(); b++) {
      ViewSample sample = samples.get(b);
      Half.decode(
          column == Column.LOGITS ? sample.logits() : sample.embedding(), values, b * perSample);
    }
    return values;
  }

  private float[] structure() {
    if (!columns.contains(Column.STRUCTURE)) {
      return new float[0];
    }
    int perSample = info.structureBytes() / Float.BYTES;
    float[] values = new float[samples.size() * perSample];
    for (int b = 0; b < samples.size(); b++) {
      ByteBuffer.wrap(samples.get(b).structure())
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(values, b * perSample, perSample);
    }
    return values;
  }

  private int area() {
    return info.height() * info.width();
  }

  private int classes() {
    return info.classes().size();
  }
}
