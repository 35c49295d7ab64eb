package stillhouse.train;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import stillhouse.loss.Term;
import stillhouse.student.Part;
import stillhouse.student.Student;

/**
 * What one rank trains: a student, the objective of each phase and this rank's share of the
 * samples.
 *
 * @param phases as many as the plan has, in its order
 */
public record RankParts(Student student, List<Phase> phases, BatchSource batches) {
  /**
   * What one phase trains, and for what.
   *
   * @param parts of the student that are in training form
   * @param trains whether the tensor of a name is moved, statistics among them
   */
  public record Phase(Set<Part> parts, Predicate<String> trains, List<Term> terms) {
    public Phase {
      if (terms.isEmpty()) {
        throw new IllegalArgumentException(
            "Cannot train without a loss: the objective has no terms");
      }
      terms = List.copyOf(terms);
    }

    /** Trains all that there is. */
    public Phase(List<Term> terms) {
      this(Part.ALL, tensor -> true, terms);
    }
  }

  public RankParts {
    phases = List.copyOf(phases);
  }

  /** In one phase, which trains all that there is. */
  public static RankParts whole(Student student, List<Term> terms, BatchSource batches) {
    return new RankParts(student, List.of(new Phase(terms)), batches);
  }
}
