package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import stillhouse.conf.ConfigException;

/** A source of the YAML as it is written, its optional keys null. */
record SourceForm(
    Kind layout,
    String images,
    String masks,
    String annotations,
    SplitRule split,
    Double share,
    Integer limit,
    Map<String, String> values,
    Map<String, String> labels,
    Layout.Others others,
    Layout.Overlap overlap,
    Layout.Crowd crowd,
    Layout.OtherShapes otherShapes,
    Integer largest,
    MaskOrientation orientation) {

  /** The layouts by their names, each with the optional keys that it takes. */
  enum Kind {
    @JsonProperty("png")
    PNG("masks", "values", "others"),
    @JsonProperty("cityscapes")
    CITYSCAPES("masks", "values", "others"),
    @JsonProperty("ade20k")
    ADE20K("masks", "others"),
    @JsonProperty("class-files")
    CLASS_FILES("masks", "overlap"),
    @JsonProperty("labelme")
    LABELME("annotations", "labels", "others", "overlap", "otherShapes"),
    @JsonProperty("coco")
    COCO("annotations", "labels", "others", "overlap", "crowd", "otherShapes"),
    @JsonProperty("sa-1b")
    SA_1B("annotations", "largest");

    final Set<String> keys;

    Kind(String... keys) {
      this.keys = Set.of(keys);
    }

    String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * @param paths what a written path stands for
   * @throws ConfigException where a key is not its layout's, or names no class
   */
  DatasetConfig.Source bind(UnaryOperator<String> paths, List<String> classes, int ignore) {
    Kind kind = layout == null ? Kind.PNG : layout;
    requireOnly(kind);
    return new DatasetConfig.Source(
        paths.apply(images),
        Optional.ofNullable(masks == null ? annotations : masks).map(paths),
        split,
        new Subset(or(share, 1.0), or(limit, Integer.MAX_VALUE)),
        layout(kind, new ClassNames(classes), ignore),
        Optional.ofNullable(orientation));
  }

  private Layout layout(Kind kind, ClassNames classes, int ignore) {
    return switch (kind) {
      case PNG ->
          new IndexMasks(
              IndexMasks.Tree.FLAT, values(classes, ignore), or(others, Layout.Others.REFUSE));
      case CITYSCAPES ->
          new IndexMasks(
              IndexMasks.Tree.CITYSCAPES,
              values == null ? Optional.of(Cityscapes.values(classes)) : values(classes, ignore),
              or(others, Layout.Others.IGNORE));
      case ADE20K ->
          new IndexMasks(
              IndexMasks.Tree.FLAT,
              Optional.of(classes.ordinals()),
              or(others, Layout.Others.IGNORE));
      case CLASS_FILES -> new ClassFiles(classes.names(), or(overlap, Layout.Overlap.LAST));
      case LABELME ->
          new Labelme(
              labels(classes),
              or(overlap, Layout.Overlap.LAST),
              or(otherShapes, Layout.OtherShapes.REFUSE));
      case COCO ->
          new Coco(
              labels(classes),
              or(overlap, Layout.Overlap.LAST),
              or(crowd, Layout.Crowd.IGNORE),
              or(otherShapes, Layout.OtherShapes.REFUSE));
      case SA_1B -> sa1b(classes);
    };
  }

  /** A name that {@code labels} doesn't have is the class of that name. */
  private LabelTable labels(ClassNames classes) {
    SortedMap<String, Integer> table = classes.byName();
    if (labels != null) {
      labels.forEach((label, name) -> table.put(label, classes.index("labels", name)));
    }
    return new LabelTable(table, or(others, Layout.Others.REFUSE));
  }

  private Layout sa1b(ClassNames classes) {
    if (classes.names().size() != 1) {
      throw new ConfigException(
          "Invalid classes: %s; the masks of layout sa-1b are of no class, so there is one, such as [object]"
              .formatted(classes.names()));
    }
    return new Sa1b(largest == null ? OptionalInt.empty() : OptionalInt.of(largest));
  }

  /** Background stays 0, and what is ignored is ignored, unless {@code values} says otherwise. */
  private Optional<SortedMap<Integer, Integer>> values(ClassNames classes, int ignore) {
    if (values == null) {
      return Optional.empty();
    }
    SortedMap<Integer, Integer> table = new TreeMap<>();
    table.put(0, 0);
    table.put(ignore, ClassMask.IGNORE);
    values.forEach((value, name) -> table.put(value(value), classes.index("values", name)));
    return Optional.of(table);
  }

  /** The schema lets 0…255 through alone. */
  private static int value(String written) {
    return Integer.parseInt(written);
  }

  private void requireOnly(Kind kind) {
    Map<String, Object> optional = new LinkedHashMap<>();
    optional.put("masks", masks);
    optional.put("annotations", annotations);
    optional.put("values", values);
    optional.put("labels", labels);
    optional.put("others", others);
    optional.put("overlap", overlap);
    optional.put("crowd", crowd);
    optional.put("otherShapes", otherShapes);
    optional.put("largest", largest);
    optional.forEach(
        (key, value) -> {
          if (value != null && !kind.keys.contains(key)) {
            throw new ConfigException(
                "Invalid source %s: %s is no key of layout %s (it has: %s)"
                    .formatted(
                        images, key, kind.label(), String.join(", ", new TreeSet<>(kind.keys))));
          }
        });
  }

  private static <T> T or(T given, T otherwise) {
    return given == null ? otherwise : given;
  }
}
