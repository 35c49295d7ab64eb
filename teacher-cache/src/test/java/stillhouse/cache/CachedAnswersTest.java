package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import scala.collection.JavaConverters;
import stillhouse.teacher.SoftTarget;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

class CachedAnswersTest {
  private static final StructType ROW =
      new StructType().add("answers", DataTypes.createArrayType(ViewRows.ANSWER));

  @Test
  void aDenseAnswerIsTakenAsItIs() {
    CachedAnswers dense = answers(answer(null, new int[] {2, 1, 2}, 1, 2, 3, 4));
    assertThat(dense.logits(2, 8, 8).shape()).containsExactly(2, 1, 2);
    assertThat(dense.logits(2).data()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void promptedAnswersAreComposedByClass() {
    CachedAnswers prompted =
        answers(
            answer(2, new int[] {1, 2}, 1, -3),
            answer(2, new int[] {1, 2}, -1, 5),
            answer(3, new int[] {1, 1}, 7));
    FloatTensor logits = prompted.logits(3);
    assertThat(logits.shape()).containsExactly(3, 1, 2);
    assertThat(logits.data()).containsExactly(SoftTarget.ABSENT, SoftTarget.ABSENT, 1, 5, 7, 7);
    assertThat(prompted.logits(3, 2, 1).shape()).containsExactly(3, 2, 1);
  }

  @Test
  void whereNothingWasAskedEveryClassIsAbsent() {
    assertThat(answers().logits(2).data()).containsExactly(SoftTarget.ABSENT, SoftTarget.ABSENT);
    Row none = new GenericRowWithSchema(new Object[] {null}, ROW);
    assertThat(CachedAnswers.of(none).logits(1, 1, 2).data())
        .containsExactly(SoftTarget.ABSENT, SoftTarget.ABSENT);
  }

  private static CachedAnswers answers(Row... structs) {
    Object column = JavaConverters.asScalaBuffer(List.of(structs)).toSeq();
    return CachedAnswers.of(new GenericRowWithSchema(new Object[] {column}, ROW));
  }

  private static Row answer(Integer classId, int[] shape, float... logits) {
    Row tensor = TensorColumn.encode(new FloatTensor(shape, logits), DType.FP16);
    return new GenericRowWithSchema(new Object[] {classId, tensor}, ViewRows.ANSWER);
  }
}
