package stillhouse.cache;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import stillhouse.teacher.SoftTarget;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * What a teacher answered about one image, read from a row's {@code answers}: an array of structs
 * of class_id and logits. A dense segmenter has one, without a class_id and with a channel for each
 * class; a promptable teacher has one [h, w] for each prompt, or none where nothing was asked.
 */
public final class CachedAnswers {
  private final List<Answer> answers;

  private CachedAnswers(List<Answer> answers) {
    this.answers = answers;
  }

  /** One cached answer; without a class where it is a dense segmenter's. */
  private record Answer(Integer classId, FloatTensor logits) {}

  /**
   * Reads a row's answers.
   *
   * @param row as {@link ViewRows#answered} has it; a null {@code answers} counts as none
   * @throws IllegalArgumentException where the logits' bytes are not those that were written
   */
  public static CachedAnswers of(Row row) {
    int column = row.fieldIndex("answers");
    List<Answer> answers = new ArrayList<>();
    if (!row.isNullAt(column)) {
      for (Row struct : row.<Row>getList(column)) {
        answers.add(
            new Answer(
                struct.getAs("class_id"), TensorColumn.decode(struct.getAs(CacheTables.LOGITS))));
      }
    }
    return new CachedAnswers(answers);
  }

  /**
   * A dense segmenter's logits as they are; a promptable teacher's composed by {@link SoftTarget}.
   *
   * @return pre-sigmoid logits: a dense segmenter's [K, h, w] of its own, else [classes, height,
   *     width]
   */
  public FloatTensor logits(int classes, int height, int width) {
    for (Answer answer : answers) {
      if (answer.classId() == null) {
        return answer.logits();
      }
    }
    List<SoftTarget.ClassLogits> prompted =
        answers.stream().map(a -> new SoftTarget.ClassLogits(a.classId(), a.logits())).toList();
    return SoftTarget.compose(classes, height, width, prompted);
  }

  /**
   * {@link #logits(int, int, int)} at the resolution of the first answer, 1×1 where there is none.
   */
  public FloatTensor logits(int classes) {
    if (answers.isEmpty()) {
      return logits(classes, 1, 1);
    }
    FloatTensor first = answers.get(0).logits();
    return logits(classes, first.dim(first.rank() - 2), first.dim(first.rank() - 1));
  }
}
