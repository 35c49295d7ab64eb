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

  /** {@link #encode(String, FloatTensor, DType)} of a layer, projected where the encoding says. */
  static Row encode(String what, FloatTensor map, Encoding encoding, String layer) {
    return encode(what, encoding.kept(layer, map), encoding.type(layer));
  }

  /**
   * The same of a layer that training views hold as fp16, all its channels: what is read back must
   * fit that.
   */
  static Row encodeForViews(String what, FloatTensor map, Encoding encoding, String layer) {
    Row row = encode(what, map, encoding, layer);
    if (encoding.type() != DType.FP16 || encoding.projection(layer).isPresent()) {
      FloatTensor back = encoding.restored(layer, TensorColumn.decode(row));
      encode(what + ", as a training view holds it", back, DType.FP16);
    }
    return row;
  }
}
