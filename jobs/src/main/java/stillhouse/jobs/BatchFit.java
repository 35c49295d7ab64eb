package stillhouse.jobs;

import java.util.Optional;

/**
 * A run's batch beside the samples that it trains on.
 *
 * @param batch slots of a step over all ranks
 * @param samples of split train
 */
record BatchFit(int batch, long samples) {
  /** What a batch comes to that is larger than its samples; empty where it is not. */
  Optional<String> warning(String run) {
    return batch <= samples
        ? Optional.empty()
        : Optional.of(
            "Run %s has a batch of %d and %d training samples: each step takes all of them, so its effective batch is %d, an epoch is one step (epochs, warm-up and --steps count alike), and the learning rate is the recipe's for %d. Ranks whose share is empty wait for the others. Give a --batch of %d or fewer, and a --learning-rate for it."
                .formatted(run, batch, samples, samples, batch, samples));
  }
}
