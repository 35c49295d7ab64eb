package stillhouse.train;

import java.io.Serializable;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import stillhouse.data.Verdict;

/**
 * What reviewers' verdicts do to training: how much a judged sample counts, and from when on. A
 * verdict's own weight, where the reviewer gave one, comes before the one here. Labels and
 * teacher's answers stay as they are.
 *
 * @param verdicts factor of a sample's weight in every loss, by its verdict; 0 leaves it out
 * @param enter epochs that are trained without a sample, by its verdict; 0 where it isn't named
 */
public record Curriculum(Map<Verdict, Double> verdicts, Map<Verdict, Integer> enter)
    implements Serializable {
  /**
   * What holds for verdicts that a recipe does not name. The teacher is wrong in the second and
   * third: its losses would teach the error, so the sample counts less, whatever its label says.
   */
  private static final Map<Verdict, Double> FACTORS =
      Map.of(
          Verdict.AGREE_WITH_TEACHER, 1.0,
          Verdict.AGREE_WITH_STUDENT, 0.5,
          Verdict.BOTH_WRONG, 0.25,
          Verdict.SKIP, 1.0);

  /** Of a recipe that says nothing about verdicts: they are used where the run asks for it. */
  public static final Curriculum DEFAULT = new Curriculum(null, null);

  public Curriculum {
    verdicts = sorted(verdicts);
    enter = sorted(enter);
    if (verdicts.containsKey(Verdict.SKIP) || enter.containsKey(Verdict.SKIP)) {
      throw new IllegalArgumentException(
          "Invalid curriculum: 'skip' (says that the reviewer could not tell, and changes nothing)");
    }
  }

  private static <T> Map<Verdict, T> sorted(Map<Verdict, T> given) {
    Map<Verdict, T> sorted = new EnumMap<>(Verdict.class);
    sorted.putAll(given == null ? Map.of() : given);
    return Collections.unmodifiableMap(sorted);
  }

  /** The factor of a sample's weight. */
  public float factor(Verdict verdict) {
    return verdicts.getOrDefault(verdict, FACTORS.get(verdict)).floatValue();
  }

  /** The first epoch that a sample takes part in, counted from 0. */
  public int enters(Verdict verdict) {
    return enter.getOrDefault(verdict, 0);
  }
}
