package stillhouse.predict;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * When student and teacher count as disagreeing. The source says "when student and teacher IoU
 * diverges beyond a threshold (e.g., 0.15)" in one place and "student/teacher IoU &lt; 0.15" in
 * another, and neither what the IoU is with; each sense is a constant. Source: seed
 * sam2-6mb-student, "Over-Reliance on Teacher Masks" and "Action Checklist".
 *
 * <p>A sample is flagged where its disagreement is greater than {@link #limit}. Without a label the
 * first two have none, and the sample is read as {@link #ABSOLUTE}.
 */
public enum Reading {
  /** IoU(teacher, label) − IoU(student, label) &gt; threshold: the student falls behind. */
  DIFFERENCE,
  /** |IoU(teacher, label) − IoU(student, label)| &gt; threshold: one of the two is off. */
  DIVERGENCE,
  /** 1 − IoU(student, teacher) &gt; threshold. */
  ABSOLUTE,
  /** IoU(student, teacher) &lt; threshold: the checklist to the letter. */
  BELOW;

  /** As it stands in tables and on the command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** All words, in the order of the constants. */
  public static List<String> words() {
    return Arrays.stream(values()).map(Reading::word).toList();
  }

  public static Optional<Reading> of(String word) {
    return Arrays.stream(values()).filter(r -> r.word().equals(word)).findFirst();
  }

  /** The reading of a sample that may lack a label. */
  Reading of(boolean labelled) {
    return labelled || this == BELOW ? this : ABSOLUTE;
  }

  /** Beyond which a disagreement is flagged. */
  double limit(double threshold) {
    return this == BELOW ? 1 - threshold : threshold;
  }

  /**
   * In −1…1, the greater the worse.
   *
   * @param studentLabel empty without a label, as {@code teacherLabel}
   */
  double disagreement(
      double studentTeacher, OptionalDouble studentLabel, OptionalDouble teacherLabel) {
    return switch (this) {
      case DIFFERENCE -> teacherLabel.orElseThrow() - studentLabel.orElseThrow();
      case DIVERGENCE -> Math.abs(teacherLabel.orElseThrow() - studentLabel.orElseThrow());
      case ABSOLUTE, BELOW -> 1 - studentTeacher;
    };
  }
}
