package stillhouse.data;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig.Source;

/** Which folders a data set's sources may name together: each file is taken once. */
final class SourceFolders {
  private SourceFolders() {}

  static void check(List<Source> sources) {
    Set<String> seen = new HashSet<>();
    for (Source source : sources) {
      String images = folder(source.images());
      boolean beside = source.masks().map(SourceFolders::folder).filter(images::equals).isPresent();
      if (beside && source.layout().besideImages().isEmpty()) {
        throw new ConfigException(
            "Invalid source: masks lie among the images in "
                + source.images()
                + "; give them a folder of their own");
      }
      if (!seen.add(images)) {
        throw new ConfigException("Invalid sources: " + source.images() + " is there twice");
      }
    }
    sources.stream()
        .filter(source -> source.layout().imageNames().recursive())
        .forEach(source -> refuseWithin(source, sources));
  }

  /** Its files would be taken twice. */
  private static void refuseWithin(Source outer, List<Source> sources) {
    String parent = folder(outer.images()) + "/";
    for (Source source : sources) {
      if (folder(source.images()).startsWith(parent)) {
        throw new ConfigException(
            "Invalid sources: %s lies in %s, whose folders are entered too (leave one of the two out)"
                .formatted(source.images(), outer.images()));
      }
    }
  }

  /** However it is written: with a slash at its end, with two in between, with file: or without. */
  private static String folder(String written) {
    var path = new Path(written);
    String scheme = path.toUri().getScheme();
    return scheme == null || scheme.equals("file") ? path.toUri().getPath() : path.toString();
  }
}
