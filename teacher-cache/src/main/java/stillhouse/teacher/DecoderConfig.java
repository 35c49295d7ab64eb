package stillhouse.teacher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * The mask decoder's kind and the names of its tensors; each name has the published export's as
 * default.
 */
public record DecoderConfig(
    Kind kind,
    @JsonProperty("image_embed") String imageEmbed,
    @JsonProperty("high_res_0") String highRes0,
    @JsonProperty("high_res_1") String highRes1,
    @JsonProperty("point_coords") String pointCoords,
    @JsonProperty("point_labels") String pointLabels,
    @JsonProperty("mask_input") String maskInput,
    @JsonProperty("has_mask_input") String hasMaskInput,
    String masks,
    @JsonProperty("iou_predictions") String iouPredictions)
    implements Serializable {

  /** The decoders that can be asked. */
  public enum Kind {
    @JsonProperty("sam2")
    SAM2
  }

  public DecoderConfig {
    imageEmbed = or(imageEmbed, "image_embed");
    highRes0 = or(highRes0, "high_res_feats_0");
    highRes1 = or(highRes1, "high_res_feats_1");
    pointCoords = or(pointCoords, "point_coords");
    pointLabels = or(pointLabels, "point_labels");
    maskInput = or(maskInput, "mask_input");
    hasMaskInput = or(hasMaskInput, "has_mask_input");
    masks = or(masks, "masks");
    iouPredictions = or(iouPredictions, "iou_predictions");
  }

  private static String or(String name, String published) {
    return name == null ? published : name;
  }
}
