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

  /**
   * {@link #encode}, of a map that training views hold as fp16: what it decodes to must fit that.
   */
  static Row encodeForViews(String what, FloatTensor tensor, DType type) {
    Row row = encode(what, tensor, type);
    if (type != DType.FP16) {
      encode(what + ", as a training view holds it", TensorColumn.decode(row), DType.FP16);
    }
    return row;
  }
}
