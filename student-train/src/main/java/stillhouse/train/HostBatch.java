package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import stillhouse.cache.ViewInfo;
import stillhouse.data.ClassMask;
import stillhouse.data.Images;
import stillhouse.loss.Draws;
import stillhouse.loss.Targets;
import stillhouse.tensor.Half;

/**
 * One rank's share of one step, decoded to floats in direct buffers, over which tensors are made
 * without another copy. The buffers are the pool's again after {@link #release}.
 */
final class HostBatch {
  private static final byte IGNORE = (byte) ClassMask.IGNORE;

  private final ViewInfo info;
  private final Set<Column> columns;
  private final List<ViewSample> samples;
  private final boolean[] labelled;
  private final Draws draws;

  private final BatchMemory memory;
  private final Decoders decoders;

  private final ByteBuffer image;
  private final ByteBuffer truth;
  private final ByteBuffer valid; // empty where every pixel counts
  private final ByteBuffer logits;
  private final ByteBuffer embedding;
  private final ByteBuffer structure;

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
      int epoch,
      BatchMemory memory,
      Decoders decoders) {
    this.info = info;
    this.columns = columns;
    this.samples = samples;
    this.memory = memory;
    this.decoders = decoders;
    this.labelled = new boolean[samples.size()];
    long[] keys = new long[samples.size()];
    for (int b = 0; b < samples.size(); b++) {
      ViewSample sample = samples.get(b);
      keys[b] = SampleKey.of(sample.id());
      labelled[b] = sample.labelled() && SampleKey.labelWithin(sample.id(), labelFraction);
    }
    this.draws = new Draws(seed, epoch, keys);
    this.image = image(augment);
    this.truth = truth();
    this.valid = valid();
    this.logits = halves(Column.LOGITS, info.logitsBytes() / Short.BYTES, ViewSample::logits);
    this.embedding =
        halves(Column.EMBEDDING, info.embeddingBytes() / Short.BYTES, ViewSample::embedding);
    this.structure = structure();
  }

  /** No tensor of this batch may be read any more. */
  void release() {
    for (ByteBuffer buffer : List.of(image, truth, valid, logits, embedding, structure)) {
      memory.give(buffer);
    }
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
            valid.hasRemaining() ? create(manager, valid, new Shape(b, 1, h, w)) : none(manager),
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
        create(manager, image, new Shape(b, 3, h, w)),
        targets,
        weight,
        labelled,
        samples.stream().map(ViewSample::id).toList());
  }

  private NDArray tensor(NDManager manager, Column column, ByteBuffer values, Shape shape) {
    return columns.contains(column) ? create(manager, values, shape) : none(manager);
  }

  /** On the CPU, over the same memory. */
  private static NDArray create(NDManager manager, ByteBuffer values, Shape shape) {
    return manager.create(values, shape, DataType.FLOAT32);
  }

  private static NDArray none(NDManager manager) {
    return manager.create(new float[0], new Shape(0));
  }

  /** [b, 3, H, W] in 0…1. */
  private ByteBuffer image(Photometric augment) {
    return floats(
        3 * area(),
        (b, planes) -> {
          Images.planes(samples.get(b).pixels(), planes, 0);
          if (!augment.isNone()) {
            var random = draws.forSample(b, "photometric");
            augment.apply(planes, 0, info.height(), info.width(), random);
          }
        });
  }

  /** One-hot, [b, K, H, W]; a sample whose label may not be used has zeros. */
  private ByteBuffer truth() {
    if (!columns.contains(Column.MASK)) {
      return memory.take(0);
    }
    return floats(
        classes() * area(),
        (b, planes) -> {
          Arrays.fill(planes, 0);
          if (labelled[b]) {
            oneHot(samples.get(b).mask(), area(), planes);
          }
        });
  }

  private static void oneHot(byte[] mask, int area, float[] planes) {
    for (int i = 0; i < area; i++) {
      int label = mask[i] & 0xff;
      if (label != 0 && label != ClassMask.IGNORE) {
        planes[(label - 1) * area + i] = 1;
      }
    }
  }

  /** Which pixels count, [b, 1, H, W]; no elements where all of them do. */
  private ByteBuffer valid() {
    if (!columns.contains(Column.MASK) || everyPixelCounts()) {
      return memory.take(0);
    }
    return floats(
        area(),
        (b, plane) -> {
          Arrays.fill(plane, 0);
          if (labelled[b]) {
            counted(samples.get(b).mask(), plane);
          }
        });
  }

  private static void counted(byte[] mask, float[] plane) {
    for (int i = 0; i < plane.length; i++) {
      plane[i] = mask[i] == IGNORE ? 0 : 1;
    }
  }

  private boolean everyPixelCounts() {
    for (int b = 0; b < samples.size(); b++) {
      if (!labelled[b]) {
        return false;
      }
      for (byte label : samples.get(b).mask()) {
        if (label == IGNORE) {
          return false;
        }
      }
    }
    return true;
  }

  private ByteBuffer halves(Column column, int perSample, Function<ViewSample, byte[]> of) {
    if (!columns.contains(column)) {
      return memory.take(0);
    }
    return floats(perSample, (b, values) -> Half.decode(of.apply(samples.get(b)), values, 0));
  }

  /** What a sample's values are. */
  private interface Decoding {
    void into(int sample, float[] values);
  }

  /** Of each sample {@code each} floats, one after another. */
  private ByteBuffer floats(int each, Decoding decoding) {
    ByteBuffer all = memory.take(samples.size() * each);
    FloatBuffer floats = all.asFloatBuffer();
    decoders.each(
        samples.size(),
        (from, to) -> {
          float[] values = new float[each];
          for (int b = from; b < to; b++) {
            decoding.into(b, values);
            floats.put(b * each, values, 0, each);
          }
        });
    return all;
  }

  private ByteBuffer structure() {
    if (!columns.contains(Column.STRUCTURE)) {
      return memory.take(0);
    }
    return floats(
        info.structureBytes() / Float.BYTES,
        (b, values) ->
            ByteBuffer.wrap(samples.get(b).structure())
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values));
  }

  private int area() {
    return info.height() * info.width();
  }

  private int classes() {
    return info.classes().size();
  }
}
