package stillhouse.cache;

/**
 * What a cache job would do now, before it does it. Nothing was written to know it.
 *
 * @param samples in the table
 * @param trainImages samples of the training split: what an epoch would ask a teacher
 * @param features contents that the encoder has not seen
 * @param answers contents with questions that are not answered; 0 of a bare encoder
 * @param structure maps that are missing
 * @param prompts calls of the decoder that {@code answers} take; 0 of a plain segmenter
 * @param slots tasks that Spark runs at once
 * @param fitted whether maps were weighed as they will be stored; else a projection is still to be
 *     fitted, and they have all their channels
 */
public record CachePlan(
    long samples,
    long trainImages,
    Pass features,
    Pass answers,
    Pass structure,
    long prompts,
    int slots,
    boolean fitted,
    Probe probe) {

  /**
   * @param units missing
   * @param chunks commits that it takes, about
   */
  public record Pass(long units, long chunks) {}

  /**
   * What was measured on a few images, all slots at work as in the job.
   *
   * @param images that were measured; those of each task's first batch are not
   * @param encode seconds of one slot an image: reading, preprocessing, encoder, storing
   * @param decode seconds of one slot a prompt, a plain segmenter's an image
   * @param structure seconds of one slot an image
   * @param featureBytes an image
   * @param answerBytes a prompt, of a plain segmenter an image
   * @param structureBytes an image
   */
  public record Probe(
      long images,
      Spread encode,
      Spread decode,
      Spread structure,
      Weight featureBytes,
      Weight answerBytes,
      Weight structureBytes) {}

  /** Of several measurements; all 0 where there was nothing to measure. */
  public record Spread(double mean, double p10, double p90) {
    static final Spread NONE = new Spread(0, 0, 0);
  }

  /**
   * @param raw as encoded: what the shapes and the encoding come to
   * @param stored after zstd at Parquet's level, each tensor by itself
   */
  public record Weight(double raw, double stored) {}

  /** Seconds of one slot, over all that is missing. */
  public Spread slotSeconds() {
    return new Spread(
        slotSeconds(probe.encode().mean(), probe.decode().mean(), probe.structure().mean()),
        slotSeconds(probe.encode().p10(), probe.decode().p10(), probe.structure().p10()),
        slotSeconds(probe.encode().p90(), probe.decode().p90(), probe.structure().p90()));
  }

  private double slotSeconds(double encode, double decode, double map) {
    return features.units() * encode + answered() * decode + structure.units() * map;
  }

  /** Rows of answers that hold logits. */
  private long answered() {
    return prompts > 0 ? prompts : answers.units();
  }

  /**
   * @param factor how many times as many slots as this session has
   */
  public Spread hours(double factor) {
    Spread all = slotSeconds();
    double per = 3600.0 * slots * factor;
    return new Spread(all.mean() / per, all.p10() / per, all.p90() / per);
  }

  /** Over the three tables. */
  public Weight bytes() {
    return new Weight(
        features.units() * probe.featureBytes().raw()
            + answered() * probe.answerBytes().raw()
            + structure.units() * probe.structureBytes().raw(),
        features.units() * probe.featureBytes().stored()
            + answered() * probe.answerBytes().stored()
            + structure.units() * probe.structureBytes().stored());
  }

  /** Seconds of one slot for asking the teacher about the training images once, without a cache. */
  public double epochSeconds() {
    double promptsAnImage = answers.units() == 0 ? 0 : (double) answered() / answers.units();
    return trainImages * (probe.encode().mean() + promptsAnImage * probe.decode().mean());
  }

  /**
   * After how many epochs filling the cache costs no more than asking the teacher in each; 0 where
   * nothing is missing. Structure maps and reading the cache are counted on the cache's side alone.
   */
  public long paysAfterEpochs() {
    return epochSeconds() == 0 ? 0 : (long) Math.ceil(slotSeconds().mean() / epochSeconds());
  }
}
