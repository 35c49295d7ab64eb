package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;

/**
 * Which pixels of a turned picture (EXIF, TIFF) its labels were drawn on. The labels' size tells it
 * where the turn swaps unequal sides; elsewhere a source's {@code orientation:} must say it.
 */
public enum MaskOrientation {
  /** On the picture as viewers show it. */
  @JsonProperty("upright")
  UPRIGHT,
  /** On the pixels as they stand in the file: the mask is turned with them. */
  @JsonProperty("stored")
  STORED;

  /**
   * @return the mask of the upright picture
   * @throws UnreadableImageException where the sizes differ, or neither size nor {@code declared}
   *     tells which pixels the mask is of
   */
  static ClassMask upright(ClassMask mask, Picture picture, Optional<MaskOrientation> declared) {
    Orientation orientation = picture.orientation();
    boolean upright = mask.width() == picture.width() && mask.height() == picture.height();
    boolean stored =
        orientation.swapsSides()
            ? mask.width() == picture.height() && mask.height() == picture.width()
            : upright;
    if (!upright && !stored) {
      throw new UnreadableImageException(
          "mask-size",
          "mask is "
              + ImageCodec.size(mask.width(), mask.height())
              + ", its image "
              + ImageCodec.size(picture.width(), picture.height()));
    }
    if (orientation == Orientation.UPRIGHT) {
      return mask;
    }
    if (upright && stored && declared.isEmpty()) {
      throw untold(picture, "the mask's size doesn't tell");
    }
    boolean turned = upright && stored ? declared.orElseThrow() == STORED : stored;
    return turned ? orientation.upright(mask) : mask;
  }

  /**
   * Of labels that could be of either.
   *
   * @param why nothing tells
   */
  static UnreadableImageException untold(Picture picture, String why) {
    return new UnreadableImageException(
        "mask-orientation",
        "the image is turned (orientation "
            + picture.orientation().tag()
            + ") and "
            + why
            + " whether it is too; set orientation: upright or stored at the source");
  }
}
