package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import stillhouse.conf.ConfigException;

/**
 * What a promptable teacher is asked about the images of a data set.
 *
 * @param minArea labelled components of fewer pixels get no prompt
 * @param rows of a grid's points, as {@code columns}
 * @param points of the saliency pass, at most
 * @param classId the class of whatever a label-free point hits; 0 for sources that read labels
 * @param keep of a label-free source's answers to an image, at most
 * @param overlap from this IoU on two answers are one object
 * @param minIou answers of a smaller predicted IoU are dropped
 * @param maxArea answers over a larger share of the image are dropped; to a point in a label they
 *     are given where there is no smaller one
 * @param fallback for images without labels
 * @param granularity whether a lone point goes in with a box that the teacher proposes
 */
public record PromptSettings(
    Source source,
    int minArea,
    int rows,
    int columns,
    int points,
    int classId,
    int keep,
    double overlap,
    double minIou,
    double maxArea,
    Optional<PromptSettings> fallback,
    Granularity granularity) {

  /** Boxes of all labelled components. */
  public static final PromptSettings DEFAULT = new Form(Source.LABEL_BOXES).bind(List.of("any"));

  /** What a lone point means, of all that it lies on. */
  public enum Granularity {
    /** As the teacher's YAML says. */
    TEACHER,
    /** What the decoder makes of the point. */
    @JsonProperty("none")
    NONE,
    /** What the teacher's proposals say. */
    @JsonProperty("proposals")
    PROPOSALS
  }

  /** Where the prompts come from. */
  public enum Source {
    /** Bounding boxes of the labelled components: box supervision. */
    @JsonProperty("label-boxes")
    LABEL_BOXES("minArea", "fallback"),
    /** A point in each labelled component: point supervision. */
    @JsonProperty("label-points")
    LABEL_POINTS("minArea", "maxArea", "fallback"),
    /** Points at equal distances. */
    @JsonProperty("grid")
    GRID("rows", "columns", "class", "keep", "overlap", "minIou", "maxArea"),
    /** Points where the image differs from its surroundings. */
    @JsonProperty("saliency")
    SALIENCY("points", "class", "keep", "overlap", "minIou", "maxArea");

    private final List<String> keys;

    Source(String... keys) {
      this.keys = List.of(keys);
    }

    public String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private boolean takes(String key) {
      return keys.contains(key);
    }
  }

  /** As the YAML has it, what isn't said null. */
  record Form(
      Source source,
      Integer minArea,
      Integer rows,
      Integer columns,
      Integer points,
      @JsonProperty("class") String className,
      Integer keep,
      Double overlap,
      Double minIou,
      Double maxArea,
      Form fallback,
      Granularity granularity) {

    Form(Source source) {
      this(source, null, null, null, null, null, null, null, null, null, null, null);
    }

    /**
     * @throws ConfigException for a key that the source does not take, a class that is none of the
     *     data set's, or none where there are several
     */
    PromptSettings bind(List<String> classes) {
      refuseForeignKeys();
      if (fallback != null && fallback.granularity != null) {
        throw new ConfigException(
            "Invalid prompts: fallback: {granularity: %s} (of all that is asked: say it beside source, not in fallback)"
                .formatted(fallback.granularity.name().toLowerCase(Locale.ROOT)));
      }
      return new PromptSettings(
          source,
          or(minArea, 1),
          or(rows, 16),
          or(columns, 16),
          or(points, 16),
          source.takes("class") ? classId(classes) : 0,
          or(keep, 16),
          or(overlap, 0.7),
          or(minIou, 0.5),
          or(maxArea, 0.5),
          Optional.ofNullable(fallback).map(form -> form.bind(classes)),
          granularity == null ? Granularity.TEACHER : granularity);
    }

    private void refuseForeignKeys() {
      var said = new TreeMap<String, Object>();
      put(said, "minArea", minArea);
      put(said, "rows", rows);
      put(said, "columns", columns);
      put(said, "points", points);
      put(said, "class", className);
      put(said, "keep", keep);
      put(said, "overlap", overlap);
      put(said, "minIou", minIou);
      put(said, "maxArea", maxArea);
      put(said, "fallback", fallback);
      said.keySet().stream()
          .filter(key -> !source.takes(key))
          .findFirst()
          .ifPresent(key -> refuse(key, said.get(key)));
    }

    private static void put(TreeMap<String, Object> said, String key, Object value) {
      if (value != null) {
        said.put(key, value);
      }
    }

    private void refuse(String key, Object value) {
      if (key.equals("fallback")) {
        throw new ConfigException(
            "Invalid prompts: fallback is for images without labels, and source "
                + source.text()
                + " asks every image the same (leave one of the two out)");
      }
      String others =
          Arrays.stream(Source.values())
              .filter(other -> other.takes(key))
              .map(Source::text)
              .collect(Collectors.joining(", "));
      throw new ConfigException(
          "Invalid prompts: %s: %s belongs to source %s, not to %s (takes %s)"
              .formatted(key, value, others, source.text(), source.keys));
    }

    /** 1…K. An answer of no class would compose into none, and an image be taught as empty. */
    private int classId(List<String> classes) {
      if (className == null && classes.size() > 1) {
        throw new ConfigException(
            "Invalid prompts: source %s finds objects, not their classes, and the data set has %d classes (add class: one of %s)"
                .formatted(source.text(), classes.size(), classes));
      }
      if (className != null && !classes.contains(className)) {
        throw new ConfigException(
            "Invalid prompts: class: '%s' (must be one of %s)".formatted(className, classes));
      }
      return className == null ? 1 : 1 + classes.indexOf(className);
    }

    private static int or(Integer said, int otherwise) {
      return said == null ? otherwise : said;
    }

    private static double or(Double said, double otherwise) {
      return said == null ? otherwise : said;
    }
  }
}
