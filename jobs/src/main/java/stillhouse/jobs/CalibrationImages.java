package stillhouse.jobs;

import java.lang.ref.SoftReference;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.ViewInfo;

/**
 * Training images that a student's activations in INT8 are measured on while it trains: drawn as
 * export draws its own, but fewer. A driver reads them once, unless its memory runs short
 * meanwhile.
 */
final class CalibrationImages implements Supplier<List<float[]>> {
  private static final int IMAGES = 32; // each look runs them; export takes 512

  private final SparkSession spark;
  private final String root;
  private final ViewInfo view;
  private SoftReference<List<float[]>> images = new SoftReference<>(null);

  /**
   * @param root the workspace
   * @param view whose input size the images are brought to
   */
  CalibrationImages(SparkSession spark, String root, ViewInfo view) {
    this.spark = spark;
    this.root = root;
    this.view = view;
  }

  @Override
  public synchronized List<float[]> get() {
    List<float[]> kept = images.get();
    if (kept == null) {
      CalibrationSet set =
          CalibrationSet.draw(spark, root, IMAGES, view.classes(), Optional.empty());
      kept = Int8Calibration.planes(spark, root, set.ids(), view.height(), view.width());
      images = new SoftReference<>(kept);
    }
    return kept;
  }
}
