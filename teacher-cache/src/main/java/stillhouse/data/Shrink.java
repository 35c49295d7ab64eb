package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What becomes of source pixels where a resize has fewer. Enlarging is bilinear in each. */
public enum Shrink {
  /**
   * Four source pixels an output pixel, whatever lies between them, as {@code
   * F.interpolate(mode="bilinear")}: fine lines may be lost.
   */
  @JsonProperty("bilinear")
  BILINEAR,
  /** A triangle as wide as two output pixels: Pillow's and torchvision's antialiased bilinear. */
  @JsonProperty("antialias")
  ANTIALIAS,
  /** The mean over each output pixel's own area: OpenCV's INTER_AREA. */
  @JsonProperty("area")
  AREA
}
