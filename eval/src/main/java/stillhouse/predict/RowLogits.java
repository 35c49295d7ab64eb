package stillhouse.predict;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import stillhouse.tensor.FloatTensor;

/**
 * Takes the logits out of a row that carries them: a teacher's cached answer, composed by class.
 */
@FunctionalInterface
public interface RowLogits extends Serializable {
  /** [K, h, w] over the whole image, pre-sigmoid. */
  FloatTensor logits(Row row);
}
