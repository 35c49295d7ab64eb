package stillhouse.train;

import java.util.List;
import java.util.Map;
import stillhouse.identity.Sha256;

/**
 * What a finished run says of itself.
 *
 * @param epochs ended (fewer than planned where a gate stopped the run), those of an earlier driver
 *     included
 * @param steps taken in all
 * @param weights the digest that all ranks agree on
 * @param rankDigests each rank's own, in rank order
 * @param seconds this driver spent, failed attempts included
 * @param stepSeconds {@link Checkpoint#seconds} of the last one: earlier drivers' steps are among
 *     them
 * @param imagesPerSecond of all ranks together, over the time spent in steps
 * @param losses the last epoch's mean of each term
 * @param attempts how many it took, 1 where nothing failed
 * @param checkpoint the folder of the last one
 */
public record TrainingReport(
    int epochs,
    long steps,
    Sha256 weights,
    List<String> rankDigests,
    double seconds,
    double stepSeconds,
    double imagesPerSecond,
    Map<String, Double> losses,
    int attempts,
    String checkpoint) {}
