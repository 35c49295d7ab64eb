package stillhouse.cache;

import java.io.Serializable;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.Tile;
import stillhouse.data.View;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.structure.StructureTensor;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;

/**
 * The keys under which one teacher's rows stand: the same inputs always give the same key, anything
 * that would change a row changes its key.
 *
 * @param plan the prompt plan's fingerprint; empty for a teacher that is not promptable
 * @param asksOfLabels whether the plan reads labels, so that others are other questions
 */
public record CacheKeys(
    TeacherSpec spec, String plan, boolean asksOfLabels, Encoding encoding, int radius)
    implements Serializable {
  /** The prompt fingerprint, and the prompt, of a row that answers no prompt. */
  public static final String NO_PROMPT = "none";

  private static final int FRAME_DIGITS = 16; // 192 bits are left to tell tiles apart

  /**
   * Of a cache whose maps keep their channels.
   *
   * @throws IllegalArgumentException where a projection is asked for: {@link Projections#encoding}
   *     knows which
   */
  public static CacheKeys of(TeacherSpec spec, PromptPlan plan, CacheOptions options) {
    DatasetConfig.Cache cache = options.cache();
    if (cache.projection().isPresent()) {
      throw new IllegalArgumentException(
          "Invalid cache options: "
              + cache.projection().get()
              + " has no numbers before it is fitted. Take the workspace's encoding.");
    }
    return of(spec, plan, Encoding.of(cache.encoding()), cache.structureRadius());
  }

  /**
   * As a workspace keeps the maps.
   *
   * @throws ConfigException where they are projected and no cache job has run yet
   */
  static CacheKeys of(
      SparkSession spark,
      CacheTables tables,
      TeacherSpec spec,
      PromptPlan plan,
      CacheOptions options) {
    Encoding encoding = Projections.encoding(spark, tables, options.cache(), spec);
    return of(spec, plan, encoding, options.cache().structureRadius());
  }

  public static CacheKeys of(TeacherSpec spec, PromptPlan plan, Encoding encoding, int radius) {
    if (spec.promptable() && plan == null) {
      throw new IllegalArgumentException(
          "Invalid prompt plan: none, but teacher "
              + spec.name()
              + " is promptable. Name a plan in the data set's YAML.");
    }
    String fingerprint = spec.promptable() ? plan.fingerprint().hex() : "";
    boolean asksOfLabels = spec.promptable() && plan.readsLabels();
    return new CacheKeys(spec, fingerprint, asksOfLabels, encoding, radius);
  }

  /**
   * Of a tile. Its first 16 digits are its frame's, as it is, whatever the view: tables are cut
   * into ranges of keys, so a frame's tiles are asked about, stored and read together.
   *
   * @param tile empty for a whole image
   */
  public String featureKey(String contentSha256, Optional<Tile> tile, View view) {
    String frame = featureKey(contentSha256);
    return tile.map(
            t ->
                frame.substring(0, FRAME_DIGITS)
                    + Fingerprint.of("feature of a tile")
                        .add("frame", featureKey(contentSha256, view))
                        .add("tile", t)
                        .digest()
                        .hex()
                        .substring(FRAME_DIGITS))
        .orElse(featureKey(contentSha256, view));
  }

  /** {@link #featureKey(String, View)} of the image as it is. */
  public String featureKey(String contentSha256) {
    return featureKey(contentSha256, View.IDENTITY);
  }

  /** Of equal contents equal. The layers are part of it: a teacher asked for more gets new rows. */
  public String featureKey(String contentSha256, View view) {
    return Fingerprint.of("feature")
        .add("content", contentSha256)
        .add("preprocessing", spec.preprocessing())
        .add("encoder", spec.encoderDigest())
        .add("view", view.text())
        .add("encoding", encoding.key())
        .add("layers", String.join(",", spec.layers()))
        .digest()
        .hex();
  }

  /**
   * What an image is asked: the plan and the labels that it may read, so that a corrected mask is
   * asked anew, by a plan that looks at it. {@link #NO_PROMPT} for a teacher that is not
   * promptable.
   */
  public String promptFingerprint(Optional<byte[]> mask) {
    return labelledFingerprint(mask.map(m -> Sha256.of(m).hex()));
  }

  /** {@link #promptFingerprint} by the mask's SHA-256. */
  String labelledFingerprint(Optional<String> maskSha256) {
    if (!spec.promptable()) {
      return NO_PROMPT;
    }
    Fingerprint prompts = Fingerprint.of("prompts").add("plan", plan);
    if (asksOfLabels) {
      prompts.add("labels", maskSha256.orElse("unlabelled"));
    }
    return prompts.digest().hex();
  }

  String answerKey(String featureKey, String promptFingerprint, String prompt) {
    return Fingerprint.of("answer")
        .add("feature", featureKey)
        .add("decoder", spec.decoderDigest())
        .add("prompts", promptFingerprint)
        .add("prompt", prompt)
        .digest()
        .hex();
  }

  /** Names a question, of which each answer has a key of its own: in quarantine. */
  String questionKey(String featureKey, String promptFingerprint) {
    return Fingerprint.of("question")
        .add("feature", featureKey)
        .add("decoder", spec.decoderDigest())
        .add("prompts", promptFingerprint)
        .digest()
        .hex();
  }

  public String structureKey(String featureKey) {
    return Fingerprint.of("structure")
        .add("feature", featureKey)
        .add("layer", spec.embedding())
        .add("radius", radius)
        .add("operator", StructureTensor.OPERATOR_VERSION)
        .digest()
        .hex();
  }

  /** Of the teacher's maps as it gives them. */
  CacheKeys plain() {
    return new CacheKeys(spec, plan, asksOfLabels, Encoding.of(DType.FP32), radius);
  }

  /** As {@link TeacherSpec#answers}. */
  boolean answers() {
    return spec.answers();
  }
}
