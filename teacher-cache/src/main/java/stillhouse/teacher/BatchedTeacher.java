package stillhouse.teacher;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/**
 * Calls a network with batches of one fixed shape: the last one is filled up with black images,
 * whose rows are dropped. Input buffers are direct, as large as a batch, and used again.
 */
abstract sealed class BatchedTeacher implements Teacher permits OnnxTeacher, TorchScriptTeacher {
  final TeacherConfig config;
  private final TeacherSpec spec;
  private final Preprocessing preprocessing;
  private final ConcurrentLinkedQueue<FloatBuffer> buffers = new ConcurrentLinkedQueue<>();
  private final MaskDecoder decoder;

  /** [C, h, w] of each layer in the first call; [C] where inputs are of many sizes. */
  private final ConcurrentMap<String, List<Integer>> shapes = new ConcurrentHashMap<>();

  /**
   * @param decoder null for a network that takes no prompts
   */
  BatchedTeacher(TeacherConfig config, MaskDecoder decoder) {
    this.config = config;
    this.decoder = decoder;
    this.spec = config.spec();
    this.preprocessing = new Preprocessing(config.input());
  }

  /**
   * @param images direct
   * @param shape theirs
   * @return every layer of {@link TeacherConfig#outputs}, [B, C, h, w]
   */
  abstract Map<String, FloatTensor> forward(FloatBuffer images, long[] shape);

  abstract void closeEncoder();

  @Override
  public final MaskAnswer decode(
      Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
    try (Asking image = asking(features, width, height)) {
      return image.answer(prompt);
    }
  }

  @Override
  public final Asking asking(Map<String, FloatTensor> features, int width, int height) {
    if (decoder == null) {
      throw new UnsupportedOperationException(
          "Teacher " + config.name() + " takes no prompts (its YAML names no decoder)");
    }
    return decoder.asking(features, width, height);
  }

  @Override
  public final void close() {
    if (decoder != null) {
      decoder.close();
    }
    closeEncoder();
  }

  @Override
  public final TeacherSpec spec() {
    return spec;
  }

  @Override
  public final List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
    List<Map<String, FloatTensor>> features = new ArrayList<>(images.size());
    for (int from = 0; from < images.size(); from += spec.batch()) {
      int to = Math.min(images.size(), from + spec.batch());
      try (ImageBatch batch = newBatch()) {
        images.subList(from, to).forEach(batch::add);
        features.addAll(batch.encode());
      }
    }
    return features;
  }

  @Override
  public final ImageBatch newBatch() {
    return new Filling();
  }

  /** Images written into a buffer of the network's input one after the other. */
  private final class Filling implements ImageBatch {
    private final List<InputFrame> frames = new ArrayList<>();
    private Optional<FloatBuffer> input = Optional.of(borrow());

    private FloatBuffer borrow() {
      FloatBuffer free = buffers.poll();
      return free == null ? directFloats(spec.batch() * preprocessing.imageSize()) : free.clear();
    }

    @Override
    public void add(RgbImage image) {
      if (frames.size() == spec.batch()) {
        throw new IllegalStateException(
            "Invalid batch of teacher " + config.name() + ": more than " + spec.batch());
      }
      frames.add(preprocessing.put(image, input.orElseThrow()));
    }

    @Override
    public List<Map<String, FloatTensor>> encode() {
      FloatBuffer full = input.orElseThrow();
      RgbImage black = new RgbImage(1, 1, new byte[3]);
      for (int i = frames.size(); i < spec.batch(); i++) {
        preprocessing.put(black, full);
      }
      Map<String, FloatTensor> batch = forward(full.flip(), preprocessing.shape(frames.get(0)));
      batch.forEach(BatchedTeacher.this::requireShape);
      List<Map<String, FloatTensor>> rows = new ArrayList<>(frames.size());
      for (int i = 0; i < frames.size(); i++) {
        rows.add(row(batch, i, frames.get(i)));
      }
      return rows;
    }

    @Override
    public void close() {
      input.ifPresent(buffers::add);
      input = Optional.empty();
    }
  }

  /** Maps whose shape is one image's and not another's are no layer: no view could hold both. */
  private void requireShape(String layer, FloatTensor output) {
    int axes = config.input().layout() == InputConfig.Layout.HWC ? 1 : 3;
    List<Integer> shape = Arrays.stream(output.shape()).skip(1).limit(axes).boxed().toList();
    List<Integer> first = shapes.computeIfAbsent(layer, unseen -> shape);
    if (!first.equals(shape)) {
      throw new TeacherException(
          "Cannot read layer %s of teacher %s: its shape is %s here and was %s in the first call (must be the same for every image)"
              .formatted(layer, config.name(), shape, first));
    }
  }

  private Map<String, FloatTensor> row(Map<String, FloatTensor> batch, int i, InputFrame frame) {
    Map<String, FloatTensor> row = new LinkedHashMap<>();
    for (String layer : config.outputs().keySet()) {
      FloatTensor map = slice(batch.get(layer), i);
      row.put(layer, layer.equals(LOGITS) ? frame.cut(map) : frame.crop(map));
      if (config.hasMargin(layer)) {
        row.put(TeacherConfig.margin(layer), frame.margin(map));
      }
    }
    return row;
  }

  private static FloatTensor slice(FloatTensor batch, int i) {
    int[] shape = Arrays.copyOfRange(batch.shape(), 1, 4);
    if (batch.dim(0) == 1) {
      return new FloatTensor(shape, batch.data());
    }
    int size = batch.data().length / batch.dim(0);
    return new FloatTensor(shape, Arrays.copyOfRange(batch.data(), i * size, (i + 1) * size));
  }

  /** Of an input that an image covers whole. */
  final long[] wholeInput() {
    return preprocessing.wholeShape();
  }

  /** What went wrong in {@link #forward}. */
  final TeacherException cannotRun(long[] shape, Exception cause) {
    return new TeacherException(
        "Cannot run the encoder of teacher "
            + config.name()
            + " on "
            + Arrays.toString(shape)
            + ": "
            + cause.getMessage(),
        cause);
  }

  /** Refuses an output that isn't one map [C, h, w] an image. */
  final FloatTensor map(String layer, FloatTensor output) {
    if (output.rank() != 4 || output.dim(0) != spec.batch()) {
      throw new TeacherException(
          "Cannot read layer "
              + layer
              + " of teacher "
              + config.name()
              + ": its output has shape "
              + Arrays.toString(output.shape())
              + ", expected ["
              + spec.batch()
              + ", C, h, w]");
    }
    return output;
  }

  static FloatBuffer directFloats(int size) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(size, Float.BYTES))
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }
}
