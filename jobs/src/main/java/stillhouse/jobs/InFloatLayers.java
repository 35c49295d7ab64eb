package stillhouse.jobs;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import stillhouse.cache.PublishedFolder;

/**
 * Which layers of a run's student stay in float while it trains: {@code int8/in-float.json} beside
 * its checkpoints. They are measured once, by whichever driver looks first; all drivers that follow
 * make INT8 files of the same layers, so that one curve is of one kind of file.
 */
record InFloatLayers(PublishedFolder folder) {
  private static final String FILE = "in-float.json";

  /**
   * @param checkpoints the run's directory of them
   */
  static InFloatLayers of(String checkpoints, Configuration hadoop) {
    return new InFloatLayers(new PublishedFolder(new Path(checkpoints, "int8"), hadoop));
  }

  /** Empty where none were measured. */
  Optional<Set<String>> read() {
    return folder.has(FILE)
        ? Optional.of(new TreeSet<>(Arrays.asList(folder.read(FILE, String[].class))))
        : Optional.empty();
  }

  /**
   * @return what stands now, which is another driver's where that one was first
   */
  Set<String> keep(Set<String> layers) {
    String draft = FILE + "." + UUID.randomUUID() + ".part";
    folder.write(draft, new TreeSet<>(layers));
    if (!folder.publish(draft, FILE)) {
      folder.delete(draft);
    }
    return read().orElseThrow();
  }
}
