package stillhouse.train;

import org.apache.hadoop.conf.Configuration;
import stillhouse.student.Weights;

/**
 * What a rank's program is given.
 *
 * @param decodingThreads that read and decode batches
 * @param weights where the student and losses make their tensors; closed by the caller
 * @param hadoop how files are reached
 */
public record RankContext(
    int rank,
    int ranks,
    int decodingThreads,
    TrainingPlan plan,
    Weights weights,
    Configuration hadoop) {}
