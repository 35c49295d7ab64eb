package stillhouse.train;

import stillhouse.identity.Fingerprint;

/** What follows from a sample's id alone, whatever data set or run it is in. */
public final class SampleKey {
  private SampleKey() {}

  /** 64 bits of a digest of the id: what a sample's random draws are keyed by. */
  public static long of(String sampleId) {
    return hash("sample", sampleId);
  }

  /**
   * Whether a sample is among the share whose labels may be used. A larger share holds every
   * smaller one.
   *
   * @param fraction 0…1 of the labelled samples, in expectation
   */
  public static boolean labelWithin(String sampleId, double fraction) {
    return (hash("labels", sampleId) >>> 11) * 0x1p-53 < fraction;
  }

  private static long hash(String purpose, String sampleId) {
    String hex = Fingerprint.of(purpose).add("id", sampleId).digest().hex();
    return Long.parseUnsignedLong(hex, 0, 16, 16);
  }
}
