package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import stillhouse.identity.Fingerprint;

/**
 * How a source's images are split. The hashing rules look at a group and the seed alone, so an
 * image keeps its side whatever comes later.
 */
public enum SplitRule {
  /** 80 % train, 10 % val, 10 % test of the groups. */
  @JsonProperty("hash")
  HASH,
  /** 8/9 train, 1/9 val: for a source whose test images are another source. */
  @JsonProperty("train-val")
  TRAIN_VAL,
  @JsonProperty("train")
  TRAIN,
  @JsonProperty("val")
  VAL,
  @JsonProperty("test")
  TEST;

  private static final double TRAIN_SHARE = 0.8;
  private static final double TRAIN_VAL_SHARE = 0.9;

  public Split assign(long seed, String groupId) {
    return switch (this) {
      case HASH -> at(unit(seed, groupId));
      case TRAIN_VAL -> at(unit(seed, groupId) * TRAIN_VAL_SHARE);
      case TRAIN -> Split.TRAIN;
      case VAL -> Split.VAL;
      case TEST -> Split.TEST;
    };
  }

  private static Split at(double position) {
    if (position < TRAIN_SHARE) {
      return Split.TRAIN;
    }
    return position < TRAIN_VAL_SHARE ? Split.VAL : Split.TEST;
  }

  private static double unit(long seed, String groupId) {
    return Fingerprint.of("split").add("seed", seed).add("group", groupId).digest().unit();
  }
}
