package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SplitRuleTest {
  @Property(tries = 50)
  void addingGroupsMovesNone(
      @ForAll long seed,
      @ForAll @Size(max = 30) List<String> groups,
      @ForAll @Size(max = 30) List<String> later) {
    Map<String, Split> before = assign(seed, groups);
    Map<String, Split> after = assign(seed, later);
    after.putAll(assign(seed, groups));
    assertThat(after).containsAllEntriesOf(before);
  }

  @Property(tries = 10)
  void sharesAreNearTheirTargets(@ForAll long seed) {
    // 4000 groups: a share's standard deviation is at most 0.0064; five of them are 0.032.
    Map<Split, Double> shares = shares(SplitRule.HASH, seed, 4000);
    assertThat(shares.get(Split.TRAIN)).isCloseTo(0.8, within(0.032));
    assertThat(shares.get(Split.VAL)).isCloseTo(0.1, within(0.032));
    assertThat(shares.get(Split.TEST)).isCloseTo(0.1, within(0.032));
    Map<Split, Double> two = shares(SplitRule.TRAIN_VAL, seed, 4000);
    assertThat(two.get(Split.TRAIN)).isCloseTo(8 / 9., within(0.032));
    assertThat(two).doesNotContainKey(Split.TEST);
  }

  @Test
  void aSeedIsAnotherShuffle() {
    assertThat(assign(1, names(50))).isNotEqualTo(assign(2, names(50)));
  }

  @Test
  void aSplitIsFrozen() {
    assertThat(names(12).stream().map(g -> SplitRule.HASH.assign(1, g).label()))
        .containsExactly(FROZEN);
  }

  @Test
  void fixedRulesAreTheirSplit() {
    assertThat(SplitRule.TEST.assign(9, "any").label()).isEqualTo("test");
    assertThat(SplitRule.VAL.assign(9, "any").label()).isEqualTo("val");
    assertThat(SplitRule.TRAIN.assign(9, "any").label()).isEqualTo("train");
  }

  // python: h = lambda *p: b"".join(struct.pack(">i", len(x)) + x for x in p)
  //         int(hashlib.sha256(h(b"split", b"seed", b"1", b"group", b"g0")).hexdigest()[:13], 16) /
  // 2**52
  private static final String[] FROZEN = {
    "train", "val", "train", "train", "val", "train", "train", "train", "train", "train", "train",
    "train"
  };

  private static List<String> names(int count) {
    return java.util.stream.IntStream.range(0, count).mapToObj(i -> "g" + i).toList();
  }

  private static Map<Split, Double> shares(SplitRule rule, long seed, int groups) {
    Map<Split, Double> shares = new EnumMap<>(Split.class);
    names(groups).forEach(g -> shares.merge(rule.assign(seed, g), 1.0 / groups, Double::sum));
    return shares;
  }

  private static Map<String, Split> assign(long seed, List<String> groups) {
    Map<String, Split> splits = new HashMap<>();
    groups.forEach(group -> splits.put(group, SplitRule.HASH.assign(seed, group)));
    return splits;
  }
}
