package stillhouse.metrics;

import java.util.List;

/**
 * The instances of one image: those of the truth, counted, and those that were predicted.
 *
 * @param truths by class, that of class c at c − 1
 */
public record ImageInstances(List<Long> truths, List<Detection> detections) {
  public ImageInstances {
    truths = List.copyOf(truths);
    detections = List.copyOf(detections);
  }
}
