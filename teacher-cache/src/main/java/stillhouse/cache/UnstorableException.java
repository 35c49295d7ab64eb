package stillhouse.cache;

import org.apache.spark.sql.Row;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/** A value that no table can hold. It is one image's own: the images beside it go on. */
final class UnstorableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private UnstorableException(String what, IllegalArgumentException cause) {
    super(what + ": " + cause.getMessage(), cause);
  }

  /**
   * {@link TensorColumn#encode}.
   *
   * @param what names the tensor
   * @throws UnstorableException where a value doesn't fit the type, naming tensor and value
   */
  static Row encode(String what, FloatTensor tensor, DType type) {
    try {
      return TensorColumn.encode(tensor, type);
    } catch (IllegalArgumentException e) {
      throw new UnstorableException(what, e);
    }
  }
}
