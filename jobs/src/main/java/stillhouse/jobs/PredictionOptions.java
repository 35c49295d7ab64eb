package stillhouse.jobs;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.predict.PredictionSet;

/** Masks that other tools made, each a model of its own in the table. */
final class PredictionOptions {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

  @Option(
      names = "--predictions",
      paramLabel = "NAME=PLACE",
      description =
          "another tool's masks, scored as model NAME: a folder of index PNGs or NumPy arrays named"
              + " as the images, an .npz file with an array an image, or COCO results (.json). May"
              + " be given several times")
  private Map<String, String> given = new LinkedHashMap<>();

  @Option(
      names = "--missing",
      paramLabel = "HOW",
      defaultValue = "refuse",
      description =
          "images without a file or array of --predictions: refuse, or empty (scored as images"
              + " where nothing was found). In COCO results they are always empty (default:"
              + " ${DEFAULT-VALUE})")
  private String missing;

  boolean isGiven() {
    return !given.isEmpty();
  }

  /** Hadoop paths by the models' names. */
  Map<String, String> places() {
    Map<String, String> places = new LinkedHashMap<>();
    given.forEach((name, place) -> places.put(requireName(name), absolute(place)));
    return places;
  }

  private static String requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new ConfigException(
          "Invalid --predictions: name '" + name + "' (letters, digits, . _ - only; NAME=PLACE)");
    }
    return name;
  }

  private static String absolute(String place) {
    return SCHEME.matcher(place).matches()
        ? place
        : "file:" + Path.of(place).toAbsolutePath().normalize();
  }

  PredictionSet.Missing missing() {
    return switch (missing) {
      case "refuse" -> PredictionSet.Missing.REFUSE;
      case "empty" -> PredictionSet.Missing.EMPTY;
      default ->
          throw new ConfigException("Invalid --missing: " + missing + " (must be refuse or empty)");
    };
  }
}
