package stillhouse.predict;

import java.util.List;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/** A frozen network from an image to dense logits. Implementations are thread-safe. */
public interface Segmenter extends AutoCloseable {
  /** Names of the foreground classes 1…K, in that order. */
  List<String> classNames();

  /** Logits of the whole image, pre-sigmoid, [K, h, w] at the network's own resolution. */
  FloatTensor logits(RgbImage image);

  @Override
  void close();
}
