package stillhouse.predict;

import java.io.Serializable;

/** How an executor gets hold of a segmenter. */
public interface SegmenterSource extends Serializable {
  /** Two sources of the same id open the same segmenter; an executor holds one for both. */
  String id();

  /** Loads the network. The caller closes it; executors go through {@link SegmenterPool}. */
  Segmenter open();
}
