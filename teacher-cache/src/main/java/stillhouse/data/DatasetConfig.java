package stillhouse.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import stillhouse.conf.ConfigException;
import stillhouse.conf.ConfigFile;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.tensor.DType;

/**
 * A data set: a file of {@code conf/datasets/}.
 *
 * @param classes names of the foreground classes; the first is mask value 1
 * @param ignore the mask files' value that counts nowhere; {@link ClassMask#IGNORE} once ingested
 * @param groupPattern found in a file's name, its group 1 is the image's group; without one, a
 *     group is the images of equal content
 * @param input what students see unless they say otherwise
 * @param cache how the teacher's maps of its images are kept
 * @param tiles how large frames are cut; {@link Tiles#NONE} where they aren't
 * @param crops which crops of training frames are added; {@link Crops#NONE} where there are none
 */
public record DatasetConfig(
    String name,
    List<String> classes,
    int ignore,
    List<Source> sources,
    Optional<Pattern> groupPattern,
    long splitSeed,
    Input input,
    PromptSettings prompts,
    Cache cache,
    Tiles tiles,
    Crops crops) {

  private static final String SCHEMA = "/schema/dataset.json";
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]*)}");
  private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:.*");

  /** Whose frames are samples as they are. */
  public DatasetConfig(
      String name,
      List<String> classes,
      int ignore,
      List<Source> sources,
      Optional<Pattern> groupPattern,
      long splitSeed,
      Input input,
      PromptSettings prompts,
      Cache cache) {
    this(
        name,
        classes,
        ignore,
        sources,
        groupPattern,
        splitSeed,
        input,
        prompts,
        cache,
        Tiles.NONE,
        Crops.NONE);
  }

  public DatasetConfig {
    classes = List.copyOf(classes);
    sources = List.copyOf(sources);
    if (ignore >= 1 && ignore <= classes.size()) {
      throw new ConfigException(
          "Invalid ignore: " + ignore + " is the class " + classes.get(ignore - 1));
    }
    SourceFolders.check(sources);
    if (groupPattern.isPresent() && groupPattern.get().matcher("").groupCount() < 1) {
      throw new ConfigException(
          "Invalid groupPattern: '" + groupPattern.get() + "' has no group ( … )");
    }
  }

  /**
   * A folder of images.
   *
   * @param images a Hadoop path
   * @param masks a Hadoop path: where the labels are; none where the images are unlabelled
   * @param subset which of the files are taken
   * @param orientation which pixels of turned pictures the masks are of, where sizes don't tell it
   */
  public record Source(
      String images,
      Optional<String> masks,
      SplitRule split,
      Subset subset,
      Layout layout,
      Optional<MaskOrientation> orientation) {
    /** Of the layout that sources have unless they say otherwise. */
    public Source(String images, Optional<String> masks, SplitRule split, Subset subset) {
      this(images, masks, split, subset, Layout.DEFAULT, Optional.empty());
    }
  }

  /** Pixels. */
  public record Input(int height, int width) {}

  /**
   * @param encoding of feature maps; another one is another cache beside it
   * @param structureRadius r of D's window, in cells of the teacher's embedding
   * @param views in which the teacher sees the training images, identity among them
   * @param projection of feature maps' channels, before their elements are encoded
   */
  public record Cache(
      DType encoding, int structureRadius, List<View> views, Optional<Projection> projection) {
    /** fp16, r = 7 (seed sard), the images as they are. */
    public static final Cache DEFAULT = new Cache(DType.FP16, 7);

    public Cache {
      views = View.ordered(views);
      if (!views.contains(View.IDENTITY)) {
        throw new ConfigException(
            "Invalid cache.views: "
                + views
                + " (must have identity among them: images are scored as they are)");
      }
    }

    /** Of the images as they are, with all their channels. */
    public Cache(DType encoding, int structureRadius) {
      this(encoding, structureRadius, View.ONLY_IDENTITY, Optional.empty());
    }

    public Cache withViews(List<View> others) {
      return new Cache(encoding, structureRadius, others, projection);
    }

    public Cache withProjection(Projection other) {
      return new Cache(encoding, structureRadius, views, Optional.of(other));
    }
  }

  /**
   * An orthogonal projection of feature maps, fitted by the first cache job to the teacher's maps
   * of a sample of the training images and kept by the workspace from then on.
   *
   * @param channels that are kept
   * @param sample training images that it is fitted to at most
   * @param named the layers that are projected; none: the teacher's embedding
   */
  public record Projection(int channels, int sample, List<String> named) {
    public Projection {
      named = List.copyOf(named);
    }

    public List<String> layers(String embedding) {
      return named.isEmpty() ? List.of(embedding) : named;
    }
  }

  /** A file without {@code ${…}} variables. */
  public static DatasetConfig load(Path file) {
    return load(file, Map.of());
  }

  /**
   * @param variables what {@code ${NAME}} stands for in the sources' paths
   * @throws ConfigException where the file breaks its schema or a variable is missing
   */
  public static DatasetConfig load(Path file, Map<String, String> variables) {
    Form form = ConfigFile.load(file, Form.class, SCHEMA);
    try {
      return form.bind(new Paths(file, variables));
    } catch (ConfigException e) {
      throw new ConfigException("Invalid configuration " + file + ": " + e.getMessage(), e);
    }
  }

  /** Changes whenever an unchanged file of the source would give another row. */
  Sha256 settings(Source source) {
    Fingerprint settings =
        Fingerprint.of("ingest")
            .add("classes", classes.size())
            .add("ignore", ignore)
            .add("groupPattern", groupPattern.map(Pattern::pattern).orElse(""))
            .add("splitSeed", splitSeed)
            .add("split", source.split());
    // As it was before there was more to say.
    if (!source.layout().equals(Layout.DEFAULT)) {
      settings.add("layout", source.layout());
    }
    if (!tiles.equals(Tiles.NONE)) {
      settings.add("tiles", tiles);
    }
    if (!crops.equals(Crops.NONE)) {
      settings.add("crops", crops);
    }
    source.orientation().ifPresent(o -> settings.add("orientation", o));
    return settings.digest();
  }

  /** The YAML as it is written, its optional keys null. */
  private record Form(
      String name,
      List<String> classes,
      Integer ignore,
      List<SourceForm> sources,
      String groupPattern,
      Long splitSeed,
      Input input,
      PromptSettings.Form prompts,
      CacheForm cache,
      TilesForm tiles,
      CropsForm crops) {

    DatasetConfig bind(Paths paths) {
      return new DatasetConfig(
          name,
          classes,
          value(),
          sources.stream().map(s -> s.bind(paths::resolve, classes, value())).toList(),
          Optional.ofNullable(groupPattern).map(Form::compile),
          splitSeed == null ? 0 : splitSeed,
          input,
          prompts == null ? PromptSettings.DEFAULT : prompts.bind(classes),
          cache == null ? Cache.DEFAULT : cache.bind(),
          tiles == null ? Tiles.NONE : tiles.bind(),
          crops == null ? Crops.NONE : crops.bind());
    }

    private int value() {
      return ignore == null ? ClassMask.IGNORE : ignore;
    }

    private static Pattern compile(String regex) {
      try {
        return Pattern.compile(regex);
      } catch (PatternSyntaxException e) {
        throw new ConfigException(
            "Invalid groupPattern: '" + regex + "': " + e.getDescription(), e);
      }
    }
  }

  private record CacheForm(
      String encoding, Integer structureRadius, List<View> views, ProjectionForm projection) {
    Cache bind() {
      return new Cache(
          encoding == null ? Cache.DEFAULT.encoding() : DType.of(encoding),
          structureRadius == null ? Cache.DEFAULT.structureRadius() : structureRadius,
          views == null ? Cache.DEFAULT.views() : views,
          Optional.ofNullable(projection).map(ProjectionForm::bind));
    }
  }

  private record ProjectionForm(int channels, Integer sample, List<String> layers) {
    private static final int SAMPLE = 256; // with 1024 cells each a quarter of a million of them

    Projection bind() {
      return new Projection(
          channels, sample == null ? SAMPLE : sample, layers == null ? List.of() : layers);
    }
  }

  private record TilesForm(int height, int width, Integer overlap, Long whenLarger) {
    Tiles bind() {
      return new Tiles(
          height,
          width,
          overlap == null ? 0 : overlap,
          whenLarger == null ? (long) height * width : whenLarger);
    }
  }

  private record CropsForm(int size, Integer perDefect, Integer perClass, Integer background) {
    Crops bind() {
      return new Crops(
          size,
          perDefect == null ? 1 : perDefect,
          perClass == null ? 8 : perClass,
          background == null ? 0 : background);
    }
  }

  private record Paths(Path file, Map<String, String> variables) {
    String resolve(String written) {
      String path =
          VARIABLE.matcher(written).replaceAll(m -> Matcher.quoteReplacement(value(m.group(1))));
      if (path.startsWith("/") || SCHEME.matcher(path).matches()) {
        return path;
      }
      return "file:" + file.toAbsolutePath().resolveSibling(path).normalize();
    }

    private String value(String name) {
      String value = variables.get(name);
      if (value == null) {
        throw new ConfigException(
            "no value for ${"
                + name
                + "} (given: "
                + (variables.isEmpty()
                    ? "none"
                    : String.join(", ", new TreeSet<>(variables.keySet())))
                + "); set it: --set "
                + name
                + "=VALUE");
      }
      return value;
    }
  }
}
