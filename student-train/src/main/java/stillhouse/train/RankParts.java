package stillhouse.train;

import java.util.List;
import stillhouse.loss.Term;
import stillhouse.student.Student;

/** What one rank trains: a student, its objective and this rank's share of the samples. */
public record RankParts(Student student, List<Term> terms, BatchSource batches) {
  public RankParts {
    terms = List.copyOf(terms);
  }
}
