package stillhouse.cache;

import java.io.Serializable;
import stillhouse.data.ClassMask;

/** How an executor decodes the {@code mask} column of a sample. */
@FunctionalInterface
public interface MaskSource extends Serializable {
  /**
   * @throws RuntimeException where the bytes are no mask; its message is quarantined with the image
   */
  ClassMask decode(byte[] encoded);
}
