package stillhouse.prompts;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import stillhouse.metrics.MeanCounts;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedDraws;
import stillhouse.prompts.PromptProtocol.Measure;

/**
 * What one teacher's answers came to. Every mean is over objects, each with the weight of one; its
 * interval over draws of whole image groups.
 *
 * @param images that were asked about
 * @param cached those of them whose features the cache had; of the others the encoder was asked
 * @param objects that were asked about
 * @param filledBoxIou mean IoU of the objects with their boxes, filled: what a box's answer has to
 *     beat; empty without an object
 * @param leftOut objects of images that show more than are asked about
 * @param questions in the order of asking; none where there is no object
 */
public record PromptResult(
    PromptProtocol protocol,
    long images,
    long cached,
    long objects,
    OptionalDouble filledBoxIou,
    long leftOut,
    Failures failures,
    List<Question> questions,
    Decoder decoder) {
  public PromptResult {
    questions = List.copyOf(questions);
  }

  /**
   * Images that could not be asked about.
   *
   * @param examples some of them, by sample, each with what went wrong
   */
  public record Failures(long images, List<String> examples) {}

  /**
   * One call of the decoder, from a question to the chosen mask in its own resolution, on a thread
   * of an executor.
   *
   * @param calls how many there were
   * @param p50Millis the median
   */
  public record Decoder(long calls, double p50Millis, double p90Millis) {}

  /**
   * @param name of {@link PromptProtocol#questions}
   */
  public record Question(String name, Map<Measure, PairedBootstrap.Interval> means) {
    static Question of(String name, int place, PairedDraws draws) {
      Map<Measure, PairedBootstrap.Interval> means = new EnumMap<>(Measure.class);
      for (Measure measure : Measure.values()) {
        MeanCounts.interval(draws, PromptProtocol.slot(place, measure))
            .ifPresent(interval -> means.put(measure, interval));
      }
      return new Question(name, means);
    }
  }
}
