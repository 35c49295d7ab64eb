package stillhouse.jobs;

import ai.djl.ndarray.NDArray;
import java.lang.ref.SoftReference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import stillhouse.cache.TrainingView;
import stillhouse.train.Experiment;
import stillhouse.train.ViewImages;

/**
 * Training images that a student's activations in INT8 are measured on. A driver reads them once,
 * unless its memory runs short meanwhile.
 */
final class CalibrationImages implements Supplier<List<float[]>> {
  private static final int IMAGES = 32; // in the order of a hash: a fair draw

  private final Experiment experiment;
  private final TrainingView view;
  private final Configuration hadoop;
  private SoftReference<List<float[]>> images = new SoftReference<>(null);

  CalibrationImages(Experiment experiment, TrainingView view, Configuration hadoop) {
    this.experiment = experiment;
    this.view = view;
    this.hadoop = hadoop;
  }

  @Override
  public synchronized List<float[]> get() {
    List<float[]> kept = images.get();
    if (kept == null) {
      kept = read();
      images = new SoftReference<>(kept);
    }
    return kept;
  }

  private List<float[]> read() {
    try (Network network = new Network(experiment, view);
        NDArray first = ViewImages.first(view, IMAGES, network.manager(), hadoop)) {
      List<float[]> each = new ArrayList<>();
      for (int i = 0; i < first.getShape().get(0); i++) {
        try (NDArray image = first.get(i)) {
          each.add(image.toFloatArray());
        }
      }
      return each;
    }
  }
}
