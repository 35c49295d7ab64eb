package stillhouse.train;

import java.io.Serializable;

/**
 * What a rank's task returns.
 *
 * @param digest of the weights at the end
 * @param images of all ranks, over this job's steps
 * @param stepSeconds spent in steps by this rank
 * @param steps taken since the run began
 * @param lastEpoch reduced over ranks
 */
record RankResult(
    int rank,
    String digest,
    long images,
    double stepSeconds,
    long steps,
    TrainingMetrics.Epoch lastEpoch)
    implements Serializable {}
