package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a reviewer says of a sample on which student and teacher disagree. It changes how much the
 * sample counts in training and from when on, never a label or a teacher's answer.
 */
public enum Verdict {
  /** The teacher's mask is right: the sample is hard, and worth what it was. */
  AGREE_WITH_TEACHER,
  /** The student's mask is right: what the teacher says here leads astray. */
  AGREE_WITH_STUDENT,
  BOTH_WRONG,
  /** The reviewer could not tell: as if the sample had not been judged. */
  SKIP;

  /** As it stands in tables, CSV files and YAML. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** All words, in the order of the constants. */
  public static List<String> words() {
    return Arrays.stream(values()).map(Verdict::word).toList();
  }

  public static Optional<Verdict> of(String word) {
    return Arrays.stream(values()).filter(v -> v.word().equals(word)).findFirst();
  }

  @JsonCreator
  static Verdict read(String word) {
    return of(word)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid verdict: " + word + " (must be one of " + words() + ")"));
  }
}
