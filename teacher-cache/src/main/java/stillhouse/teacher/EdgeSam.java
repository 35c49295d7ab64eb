package stillhouse.teacher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import stillhouse.tensor.FloatTensor;

/** EdgeSAM: points alone, without the padding point, as its own ONNX predictor asks; four masks. */
record EdgeSam(
    @JsonProperty("image_embeddings") String imageEmbeddings,
    @JsonProperty("point_coords") String pointCoords,
    @JsonProperty("point_labels") String pointLabels,
    @JsonProperty("scores") String iou,
    @JsonProperty("masks") String maskTensor)
    implements DecoderConfig {
  public EdgeSam {
    imageEmbeddings = DecoderConfig.or(imageEmbeddings, "image_embeddings");
    pointCoords = DecoderConfig.or(pointCoords, "point_coords");
    pointLabels = DecoderConfig.or(pointLabels, "point_labels");
    iou = DecoderConfig.or(iou, "scores");
    maskTensor = DecoderConfig.or(maskTensor, "masks");
  }

  @Override
  public String kind() {
    return "edge-sam";
  }

  @Override
  public Map<String, FloatTensor> prompt(
      Question question, InputFrame frame, int maskHeight, int maskWidth) {
    return points(question, 1);
  }

  @Override
  public List<String> outputs() {
    return List.of(iou, maskTensor);
  }
}
