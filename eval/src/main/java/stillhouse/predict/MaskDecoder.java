package stillhouse.predict;

import java.io.Serializable;
import stillhouse.data.ClassMask;

/** Decodes the samples table's mask column. */
@FunctionalInterface
public interface MaskDecoder extends Serializable {
  ClassMask decode(byte[] bytes);
}
