package stillhouse.predict;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import stillhouse.data.ClassMask;

/** Opens what takes the predicted masks out of rows, once a task. */
@FunctionalInterface
public interface RowMasks extends Serializable {
  Reader open();

  /** One task's. */
  @FunctionalInterface
  interface Reader {
    /** The predicted classes of a row's sample, its truth's size. */
    ClassMask mask(Row row, int width, int height);
  }
}
