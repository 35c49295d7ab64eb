package stillhouse.teacher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import java.util.stream.IntStream;
import stillhouse.tensor.FloatTensor;

/**
 * A student's decoder that takes points alone, as {@code export} writes it: no corner of a box, no
 * earlier mask. It is asked as it was trained: a padding point beside the points of every question,
 * wherever it stands (the two-way transformer knows no order of tokens), and SAM's choice among
 * four masks. Its masks are of the network's own resolution, two or four cells for one of the
 * embedding's. Source: seed sam2-6mb-student, "dense point-only inputs".
 */
record DensePoints(
    @JsonProperty("image_embeddings") String imageEmbeddings,
    @JsonProperty("point_coords") String pointCoords,
    @JsonProperty("point_labels") String pointLabels,
    @JsonProperty("low_res_masks") String maskTensor,
    @JsonProperty("iou_predictions") String iou)
    implements DecoderConfig {
  public DensePoints {
    imageEmbeddings = DecoderConfig.or(imageEmbeddings, "image_embeddings");
    pointCoords = DecoderConfig.or(pointCoords, "point_coords");
    pointLabels = DecoderConfig.or(pointLabels, "point_labels");
    maskTensor = DecoderConfig.or(maskTensor, "low_res_masks");
    iou = DecoderConfig.or(iou, "iou_predictions");
  }

  @Override
  public String kind() {
    return "dense-points";
  }

  @Override
  public Map<String, FloatTensor> prompt(
      Question question, InputFrame frame, int maskHeight, int maskWidth) {
    return points(question.padded(), 1);
  }

  @Override
  public boolean pointsOnly() {
    return true;
  }

  @Override
  public IntStream candidates(int count, Question question) {
    return DecoderConfig.singleOrAlternatives(count, question);
  }
}
