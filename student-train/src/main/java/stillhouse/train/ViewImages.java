package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import stillhouse.cache.TrainingView;

/** Real images out of a view, for checks that want some. */
public final class ViewImages {
  private ViewImages() {}

  /**
   * The first training images, or all where there are fewer.
   *
   * @return RGB in 0…1, [n, 3, H, W], n ≤ {@code count}
   */
  public static NDArray first(
      TrainingView view, int count, NDManager manager, Configuration hadoop) {
    ViewReader reader = new ViewReader(view, "train", Set.of(), Long.MAX_VALUE, hadoop);
    int[] groups = reader.rowsPerGroup();
    var positions =
        IntStream.range(0, groups.length)
            .boxed()
            .flatMap(
                g -> IntStream.range(0, groups[g]).mapToObj(r -> new SampleOrder.Position(g, r)))
            .limit(count)
            .toList();
    try (var decoders = new Decoders(1, "images")) {
      var samples = reader.views(positions, decoders).stream().map(views -> views.get(0)).toList();
      return new HostBatch(
              view.info(),
              Set.of(),
              samples,
              0,
              Photometric.NONE,
              0,
              0,
              new BatchMemory(),
              decoders)
          .on(manager)
          .image();
    }
  }
}
