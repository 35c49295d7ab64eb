package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.Serializable;

/**
 * How a recipe trains.
 *
 * @param epochs null in the YAML of a recipe with phases, whose epochs they are together; never
 *     null in a recipe
 * @param batch samples a step over all ranks
 * @param clipNorm the largest global norm of the gradient; null: not clipped
 * @param photometric changes to the student's input only; null: none
 * @param accumulation parts in which a rank's share of a step passes through the student; null: 1
 * @param ema decay of the moving average of the weights that is exported in their place; null: they
 *     are exported themselves
 * @param validation how the run is looked at; null: it is not
 * @param review how student and teacher are held against each other meanwhile; null: they are not
 */
public record TrainingSettings(
    Integer epochs,
    int batch,
    OptimizerSettings optimizer,
    ScheduleSettings schedule,
    Double clipNorm,
    Photometric photometric,
    // Where they say nothing, they are no part of the digest.
    @JsonInclude(JsonInclude.Include.NON_NULL) Integer accumulation,
    @JsonInclude(JsonInclude.Include.NON_NULL) Double ema,
    @JsonInclude(JsonInclude.Include.NON_NULL) ValidationSettings validation,
    @JsonInclude(JsonInclude.Include.NON_NULL) ReviewSettings review)
    implements Serializable {
  public TrainingSettings {
    schedule = schedule == null ? ScheduleSettings.DEFAULT : schedule;
  }

  public TrainingSettings with(OptimizerSettings other) {
    return new TrainingSettings(
        epochs,
        batch,
        other,
        schedule,
        clipNorm,
        photometric,
        accumulation,
        ema,
        validation,
        review);
  }

  /** Looked at otherwise, or not at all. */
  public TrainingSettings with(ValidationSettings looks, ReviewSettings reviews) {
    return new TrainingSettings(
        epochs,
        batch,
        optimizer,
        schedule,
        clipNorm,
        photometric,
        accumulation,
        ema,
        looks,
        reviews);
  }

  /** Looking at a run moves no weight; that it may end the run does. */
  TrainingSettings withoutLooks() {
    boolean ends = validation != null && validation.patience() != null;
    return with(ends ? validation.thatEnd() : null, null);
  }

  /**
   * @param parts null: 1
   */
  public TrainingSettings inParts(Integer parts) {
    return new TrainingSettings(
        epochs, batch, optimizer, schedule, clipNorm, photometric, parts, ema, validation, review);
  }

  public TrainingSettings with(int otherEpochs, int otherBatch) {
    return new TrainingSettings(
        otherEpochs,
        otherBatch,
        optimizer,
        schedule,
        clipNorm,
        photometric,
        accumulation,
        ema,
        validation,
        review);
  }
}
