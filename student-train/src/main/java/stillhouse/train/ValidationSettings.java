package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.OptionalInt;
import stillhouse.metrics.Metric;

/**
 * How a run is looked at while it trains: every so many epochs its student, as it would ship, is
 * scored on a labelled split.
 *
 * @param everyEpochs between two looks; there is one after the last epoch, too
 * @param split {@code train}, {@code val} or {@code test}; null: {@code val}
 * @param metric by which the best is chosen; null: boundary IoU
 * @param patience looks in a row without a better one after which the run ends; null: it trains to
 *     the plan's end
 * @param int8 whether the student is scored in INT8 beside FP32; null: it is
 */
public record ValidationSettings(
    Integer everyEpochs, String split, Watched metric, Integer patience, Boolean int8)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** What a best student is best in: the mean over classes, on the whole split. */
  public enum Watched {
    @JsonProperty("boundary-iou")
    BOUNDARY_IOU(Metric.BOUNDARY_IOU),
    @JsonProperty("iou")
    IOU(Metric.IOU);

    private final Metric metric;

    Watched(Metric metric) {
      this.metric = metric;
    }

    public Metric metric() {
      return metric;
    }
  }

  public ValidationSettings {
    split = split == null ? "val" : split;
    metric = metric == null ? Watched.BOUNDARY_IOU : metric;
    int8 = int8 == null || int8;
  }

  /** These with what is not null in place of their own. */
  public ValidationSettings with(Integer otherEpochs, String otherSplit, Integer otherPatience) {
    return new ValidationSettings(
        otherEpochs == null ? everyEpochs : otherEpochs,
        otherSplit == null ? split : otherSplit,
        metric,
        otherPatience == null ? patience : otherPatience,
        int8);
  }

  /** In words, as a parameter of a run. */
  public String told() {
    return "every %d epochs on %s, best by %s, %s, %s"
        .formatted(
            everyEpochs,
            split,
            metric.metric().key(),
            patience == null ? "to the end" : "patience " + patience,
            int8 ? "FP32 and INT8" : "FP32");
  }

  /** What of them decides when a run ends. */
  ValidationSettings thatEnd() {
    return new ValidationSettings(everyEpochs, split, metric, patience, false);
  }

  /** Looks without a better one that end the run; empty where none do. */
  OptionalInt limit() {
    return patience == null ? OptionalInt.empty() : OptionalInt.of(patience);
  }
}
