package stillhouse.teacher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.List;
import stillhouse.data.Shrink;

/**
 * How an image becomes the network's input: x = (scale(pixel) − mean) / std, RGB planes.
 *
 * @param name the input tensor's name; `image` by default, unused by TorchScript
 * @param layout {@link Layout#NCHW} by default
 * @param batch images in one fixed-shape call, 1 by default
 * @param scale the range that a pixel's byte is brought to before mean and deviation
 * @param shrink what becomes of the pixels of a larger image; {@link Shrink#BILINEAR} by default
 */
public record InputConfig(
    String name,
    int height,
    int width,
    Layout layout,
    Integer batch,
    Fit resize,
    Scale scale,
    List<Float> mean,
    List<Float> std,
    Shrink shrink)
    implements Serializable {

  /** The axes of the input tensor. */
  public enum Layout {
    /** A batch of planes, [batch, 3, height, width], padded to the whole input. */
    @JsonProperty("nchw")
    NCHW,
    /**
     * One image [h, w, 3] of its own fitted size, without padding: for files that normalise and pad
     * by themselves.
     */
    @JsonProperty("hwc")
    HWC
  }

  /** How an image's frame is laid on the input's. */
  public enum Fit {
    /** Stretched to the input, whatever its proportions. */
    @JsonProperty("direct")
    DIRECT,
    /**
     * Its proportions kept, at the top left, zeros (after mean and deviation) to the right or
     * below. Every map is cut to the cells that the image covers.
     */
    @JsonProperty("longest-side")
    LONGEST_SIDE
  }

  /** The range of a pixel before mean and deviation. */
  public enum Scale {
    @JsonProperty("0..1")
    UNIT,
    @JsonProperty("0..255")
    BYTE,
    /** Each image's own least and greatest level, over its three channels, become 0 and 1. */
    @JsonProperty("min-max")
    MIN_MAX
  }

  public InputConfig {
    name = name == null ? "image" : name;
    layout = layout == null ? Layout.NCHW : layout;
    batch = batch == null ? 1 : batch;
    if (layout == Layout.HWC && batch != 1) {
      throw new IllegalArgumentException(
          "Invalid input.batch: " + batch + " (layout hwc takes one image at a time: 1)");
    }
    shrink = shrink == null ? Shrink.BILINEAR : shrink;
    mean = List.copyOf(mean);
    std = List.copyOf(std);
  }

  InputConfig withBatch(int images) {
    return new InputConfig(name, height, width, layout, images, resize, scale, mean, std, shrink);
  }
}
