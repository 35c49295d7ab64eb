package stillhouse.teacher;

import java.util.List;
import java.util.Map;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/**
 * A frozen network: an encoder from images to named feature maps and, where it is promptable, a
 * decoder from features and a prompt to mask logits. One instance is shared by an executor's tasks;
 * implementations are thread-safe.
 */
public interface Teacher extends AutoCloseable {
  /**
   * The layer name under which a plain segmenter's dense logits [K, h, w] stand in its features.
   */
  String LOGITS = "logits";

  TeacherSpec spec();

  /**
   * Feature maps of each image, [C, h, w] each, by the layer names of {@link
   * TeacherSpec#features()}. The batch that reaches the network has a fixed shape, so a row
   * computed alone equals the same row computed among others.
   */
  List<Map<String, FloatTensor>> encode(List<RgbImage> images);

  /** An empty batch, to be filled on one thread while another waits for the network. */
  default ImageBatch newBatch() {
    return ImageBatch.keeping(this);
  }

  /**
   * One prompt's answer at the network's own mask resolution.
   *
   * @param features as {@link #encode} made them, or as they were cached
   * @param width of the original image, in whose pixels the prompt is
   * @param height of the original image
   * @throws UnsupportedOperationException where the teacher has no decoder
   */
  MaskAnswer decode(Map<String, FloatTensor> features, int width, int height, Prompt prompt);

  /**
   * Several prompts about one image, whose features are made ready once. Closed by who asks.
   *
   * @param features as of {@link #decode}
   */
  default Asking asking(Map<String, FloatTensor> features, int width, int height) {
    return prompt -> decode(features, width, height, prompt);
  }

  /** An image that a decoder holds ready. */
  interface Asking extends AutoCloseable {
    MaskAnswer answer(Prompt prompt);

    /**
     * Of the candidates that cover at most a share of the image the best; the best of all where
     * none does. A point in an object is also a point in what the object lies on, and the network
     * is often surer of that.
     *
     * @param largest share, 0…1
     */
    default MaskAnswer answer(Prompt prompt, double largest) {
      return answer(prompt);
    }

    /**
     * Several points about one object, perhaps its box, and perhaps the mask of the round before,
     * answered together. Of one point, or of a box, this is {@link #answer(Prompt, double)}.
     *
     * @param largest as there; of an answer that has no other candidates it says nothing
     * @throws UnsupportedOperationException where the teacher answers single prompts alone
     * @throws IllegalArgumentException where its decoder takes no points, or no mask, and is given
     *     some
     */
    default Refined refine(Clicks clicks, double largest) {
      throw new UnsupportedOperationException(
          "Cannot ask in rounds: this teacher answers one prompt at a time");
    }

    @Override
    default void close() {}
  }

  @Override
  void close();
}
