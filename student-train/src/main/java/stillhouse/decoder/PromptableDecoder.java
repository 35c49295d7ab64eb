package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.BilinearResize;
import stillhouse.student.HostValues;
import stillhouse.student.Weights;

/**
 * SAM's prompt encoder and mask decoder: masks for prompts about images whose embeddings are there.
 * All its tensors have SAM's own names under one prefix. Gradients go to its tensors, to the
 * embeddings and to an earlier mask; those of tensors that {@link Weights#train} freezes are
 * spared.
 */
public final class PromptableDecoder {
  /** The side of an earlier mask against the embedding's: SAM's, however fine the masks here. */
  static final int MASK_CELLS = 4;

  private final String prefix;
  private final PromptDecoderConfig config;
  private final PromptGrid grid;
  private final PromptEncoder prompts;
  private final MaskHead masks;

  private PromptableDecoder(
      Weights weights, String prefix, PromptDecoderConfig config, PromptGrid grid) {
    this.prefix = prefix;
    this.config = config;
    this.grid = grid;
    prompts = new PromptEncoder(weights, prefix + "prompt_encoder", config, grid);
    masks = new MaskHead(weights, prefix + "mask_decoder", config, grid);
  }

  /**
   * Makes a decoder with fresh tensors in {@code weights}.
   *
   * @param prefix of its tensors' names, such as {@code student.}
   */
  public static PromptableDecoder create(
      PromptDecoderConfig config, PromptGrid grid, String prefix, Weights weights) {
    return new PromptableDecoder(weights, prefix, config, grid);
  }

  /** What the names of its tensors begin with. */
  public String prefix() {
    return prefix;
  }

  public PromptDecoderConfig config() {
    return config;
  }

  public PromptGrid grid() {
    return grid;
  }

  /**
   * Masks for P prompts without an earlier mask.
   *
   * @param embeddings each prompt's image, [P, C, g, g]; or one image's for all, [1, C, g, g]
   * @param points [P, N, 2]: x before y, in pixels of the input; a box is its two corners
   * @param labels [P, N]: 1 on the object, 0 beside it, 2 and 3 a box's top left and bottom right,
   *     −1 padding. SAM has a padding point behind the points of every prompt without a box
   * @throws IllegalArgumentException where shapes do not fit, or a label is none of this decoder's
   */
  public PromptedMasks forward(
      NDArray embeddings, NDArray points, NDArray labels, boolean training) {
    requireFit(embeddings, points, labels);
    return answer(embeddings.add(prompts.withoutMask(points)), points, labels, training);
  }

  /**
   * The same, each prompt with an earlier mask of its object.
   *
   * @param mask logits, [P, 1, 4g, 4g]; a decoder of {@link Upsampling#TWOFOLD} also takes its own
   *     masks, [P, 1, 2g, 2g], and brings them to this size bilinearly
   */
  public PromptedMasks forward(
      NDArray embeddings, NDArray points, NDArray labels, NDArray mask, boolean training) {
    requireFit(embeddings, points, labels);
    NDArray whole = whole(mask, points.getShape().get(0));
    return answer(embeddings.add(prompts.withMask(whole, training)), points, labels, training);
  }

  private PromptedMasks answer(NDArray image, NDArray points, NDArray labels, boolean training) {
    NDArray tokens = prompts.tokens(points, labels);
    return masks.forward(image, prompts.places(points.getManager()), tokens, training);
  }

  private void requireFit(NDArray embeddings, NDArray points, NDArray labels) {
    long[] image = embeddings.getShape().getShape();
    long[] at = points.getShape().getShape();
    boolean fits =
        image.length == 4
            && at.length == 3
            && at[2] == 2
            && (image[0] == 1 || image[0] == at[0])
            && Arrays.equals(labels.getShape().getShape(), Arrays.copyOf(at, 2))
            && Arrays.equals(
                Arrays.copyOfRange(image, 1, 4),
                new long[] {config.channels(), grid.height(), grid.width()});
    if (!fits) {
      throw new IllegalArgumentException(
          "Invalid prompts: embeddings %s, points %s, labels %s (must be [P or 1, %d, %d, %d], [P, N, 2], [P, N])"
              .formatted(
                  embeddings.getShape(),
                  points.getShape(),
                  labels.getShape(),
                  config.channels(),
                  grid.height(),
                  grid.width()));
    }
    requireLabels(HostValues.of(labels));
  }

  /** A label without an embedding would be a point that means nothing. */
  private void requireLabels(float[] labels) {
    for (float label : labels) {
      if (label != PromptKinds.PADDING && !config.prompts().labels().contains((int) label)
          || label != (int) label) {
        throw new IllegalArgumentException(
            "Invalid label of a point: %s (a decoder of %s knows %s, and -1 for padding)"
                .formatted(label, config.prompts(), config.prompts().labels()));
      }
    }
  }

  /** An earlier mask at the size of the way in. */
  private NDArray whole(NDArray mask, long count) {
    if (!prompts.takesMask()) {
      throw new IllegalArgumentException(
          "Invalid earlier mask %s: a decoder of %s has no way in for one"
              .formatted(mask.getShape(), config.prompts()));
    }
    if (isMask(mask, count, MASK_CELLS)) {
      return mask;
    }
    int factor = config.upsampling().factor();
    if (!isMask(mask, count, factor)) {
      throw new IllegalArgumentException(
          "Invalid earlier mask %s (must be [%d, 1, %d, %d])"
              .formatted(mask.getShape(), count, maskHeight(), maskWidth()));
    }
    return BilinearResize.by(MASK_CELLS / factor, factor * grid.height(), factor * grid.width())
        .forward(mask, false);
  }

  private boolean isMask(NDArray mask, long count, int factor) {
    long[] expected = {count, 1, (long) factor * grid.height(), (long) factor * grid.width()};
    return Arrays.equals(mask.getShape().getShape(), expected);
  }

  private int maskHeight() {
    return MASK_CELLS * grid.height();
  }

  private int maskWidth() {
    return MASK_CELLS * grid.width();
  }

  /**
   * Appends the whole decoder in the format of SAM's own export, for prompts of any number of
   * points: inputs {@code image_embeddings} [1 or N, C, g, g], {@code point_coords} [N, points, 2],
   * {@code point_labels} [N, points] and, where an earlier mask has a way in, {@code mask_input}
   * [N, 1, 4g, 4g] and {@code has_mask_input} [1], 1 or 0; outputs {@code low_res_masks} [N, M, h,
   * w] and {@code iou_predictions} [N, M].
   */
  public void export(OnnxGraph graph) {
    String image =
        graph.input(
            "image_embeddings", axes("images", config.channels(), grid.height(), grid.width()));
    String points = graph.input("point_coords", axes("N", "points", 2));
    String labels = graph.input("point_labels", axes("N", "points"));
    String source = graph.node("Add", List.of(image, exportDense(graph)));
    List<String> answer =
        masks.export(
            graph,
            source,
            prompts.exportPlaces(graph),
            prompts.exportTokens(graph, points, labels));
    int factor = config.upsampling().factor();
    graph.output(
        answer.get(0),
        "low_res_masks",
        config.masks(),
        (long) factor * grid.height(),
        (long) factor * grid.width());
    graph.output(answer.get(1), "iou_predictions", config.masks());
  }

  /** none + has · (mask − none). */
  private String exportDense(OnnxGraph graph) {
    String none = prompts.exportWithoutMask(graph);
    if (!prompts.takesMask()) {
      return none;
    }
    String mask = graph.input("mask_input", axes("N", 1, maskHeight(), maskWidth()));
    String has = graph.input("has_mask_input", axes(1));
    String difference = graph.node("Sub", List.of(prompts.exportWithMask(graph, mask), none));
    return graph.node("Add", List.of(none, graph.node("Mul", List.of(difference, has))));
  }

  private static List<String> axes(Object... axes) {
    return Stream.of(axes).map(String::valueOf).toList();
  }
}
