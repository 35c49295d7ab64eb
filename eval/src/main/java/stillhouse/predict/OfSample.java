package stillhouse.predict;

import java.util.function.Supplier;
import org.apache.spark.sql.Row;
import stillhouse.data.Samples;

/** Work on one sample, whose name stands in what goes wrong with it. */
final class OfSample {
  private OfSample() {}

  /**
   * @param verb what can't be done where it fails
   * @param row of the sample
   * @throws BrokenNetworkException of the sample, where a network says no number
   */
  static <T> T work(String verb, Row row, Supplier<T> work) {
    try {
      return work.get();
    } catch (BrokenNetworkException e) {
      throw e.on(row.getAs(Samples.SAMPLE_ID), row.getAs(Samples.IMAGE_URI));
    } catch (RuntimeException e) {
      throw new IllegalStateException(
          "Cannot %s sample %s: %s".formatted(verb, row.getAs(Samples.SAMPLE_ID), e.getMessage()),
          e);
    }
  }
}
