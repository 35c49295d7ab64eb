package stillhouse.predict;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What an exported student says about itself.
 *
 * @param classNames foreground classes 1…K
 * @param height of the input, in pixels
 * @param width of the input, in pixels
 * @param properties everything in the file's metadata, provenance included
 */
public record ModelMetadata(
    List<String> classNames, int height, int width, Map<String, String> properties) {
  static final String CLASSES = "stillhouse.classes";
  static final String HEIGHT = "stillhouse.height";
  static final String WIDTH = "stillhouse.width";

  public ModelMetadata {
    classNames = List.copyOf(classNames);
    properties = Map.copyOf(properties);
  }

  static ModelMetadata of(Map<String, String> properties, String model) {
    List<String> names =
        Arrays.stream(required(properties, CLASSES, model).split(",")).map(String::strip).toList();
    if (names.contains("")) {
      throw new IllegalArgumentException(
          "Cannot run %s: metadata %s has an empty name: '%s'"
              .formatted(model, CLASSES, properties.get(CLASSES)));
    }
    return new ModelMetadata(
        names, pixels(properties, HEIGHT, model), pixels(properties, WIDTH, model), properties);
  }

  private static int pixels(Map<String, String> properties, String key, String model) {
    String value = required(properties, key, model);
    try {
      int pixels = Integer.parseInt(value.strip());
      if (pixels > 0) {
        return pixels;
      }
    } catch (NumberFormatException e) {
      throw invalidPixels(key, value, model, e);
    }
    throw invalidPixels(key, value, model, null);
  }

  private static IllegalArgumentException invalidPixels(
      String key, String value, String model, Throwable cause) {
    return new IllegalArgumentException(
        "Cannot run %s: metadata %s is '%s' (must be a positive number of pixels)"
            .formatted(model, key, value),
        cause);
  }

  private static String required(Map<String, String> properties, String key, String model) {
    String value = properties.get(key);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(
          "Cannot run %s: its metadata has no %s (it has %s). Export it again with stillhouse"
              .formatted(model, key, properties.keySet().stream().sorted().toList()));
    }
    return value;
  }
}
