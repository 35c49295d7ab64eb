package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import stillhouse.conf.ConfigFile;
import stillhouse.data.View;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.loss.Losses;
import stillhouse.loss.ProjectionSettings;
import stillhouse.student.Part;

/**
 * One experiment: which losses, and how they are trained. Read from {@code conf/recipes/*.yaml},
 * whose allowed keys and ranges are in {@code /schema/recipe.json}.
 *
 * @param description a line for the experiment's run; may be empty
 * @param phases one after the other, at least one, of as many epochs as {@code training} has; of a
 *     recipe whose YAML has no {@code phases} one without a name, which trains all
 * @param augmentation in which views the student sees the training images
 * @param curriculum what reviewers' verdicts change; the default where the recipe names none, and
 *     then verdicts are used only where the run asks for them
 */
public record Recipe(
    String name,
    String description,
    List<Phase> phases,
    TrainingSettings training,
    Alignment alignment,
    ProjectionSettings projection,
    Augmentation augmentation,
    Curriculum curriculum)
    implements Serializable {
  private static final JsonMapper CANONICAL =
      JsonMapper.builder()
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  public Recipe {
    description = description == null ? "" : description;
    alignment = alignment == null ? Alignment.DEFAULT : alignment;
    projection = projection == null ? ProjectionSettings.DEFAULT : projection;
    augmentation = augmentation == null ? Augmentation.NONE : augmentation;
    curriculum = curriculum == null ? Curriculum.DEFAULT : curriculum;
    phases = Phase.over(training.epochs(), phases);
    requireNames(phases);
    for (Phase phase : phases) {
      requireTrained(phase.losses(), projection);
      requireWarm(phase, warmupEpochs(phase, training));
    }
  }

  /** What the YAML says: losses and epochs, or phases. */
  @JsonCreator
  static Recipe read(
      @JsonProperty("name") String name,
      @JsonProperty("description") String description,
      @JsonProperty("losses") Losses losses,
      @JsonProperty("phases") List<Phase> phases,
      @JsonProperty("training") TrainingSettings training,
      @JsonProperty("alignment") Alignment alignment,
      @JsonProperty("projection") ProjectionSettings projection,
      @JsonProperty("augmentation") Augmentation augmentation,
      @JsonProperty("curriculum") Curriculum curriculum) {
    requireOneCourse(losses, phases, training);
    int epochs = phases == null ? training.epochs() : phases.stream().mapToInt(Phase::epochs).sum();
    return new Recipe(
        name,
        description,
        phases == null ? List.of(Phase.whole(epochs, losses)) : phases,
        training.with(epochs, training.batch()),
        alignment,
        projection,
        augmentation,
        curriculum);
  }

  private static void requireOneCourse(
      Losses losses, List<Phase> phases, TrainingSettings training) {
    if (phases == null) {
      return; // the schema requires the other two
    }
    if (losses != null) {
      throw new IllegalArgumentException(
          "Invalid losses: beside phases, each of which has its own (give one of the two)");
    }
    if (training.epochs() != null) {
      throw new IllegalArgumentException(
          "Invalid training.epochs: %d beside phases, each of which has its own (give one of the two)"
              .formatted(training.epochs()));
    }
  }

  private static void requireNames(List<Phase> phases) {
    Set<String> names = new HashSet<>();
    for (Phase phase : phases) {
      if (!names.add(phase.name())) {
        throw new IllegalArgumentException(
            "Invalid phases: two are named " + phase.name() + " (give each a name of its own)");
      }
    }
  }

  private static void requireWarm(Phase phase, double warmup) {
    if (warmup >= phase.epochs()) {
      throw new IllegalArgumentException(
          phase.name().isEmpty()
              ? "Invalid training.schedule.warmupEpochs: %s (must be < training.epochs, %d)"
                  .formatted(warmup, phase.epochs())
              : "Invalid warmupEpochs of phase %s: %s (must be < its epochs, %d)"
                  .formatted(phase.name(), warmup, phase.epochs()));
    }
  }

  private static double warmupEpochs(Phase phase, TrainingSettings training) {
    return phase.warmupEpochs() == null ? training.schedule().warmupEpochs() : phase.warmupEpochs();
  }

  /** Whether its YAML names phases. */
  public boolean isPhased() {
    return !phases.get(0).name().isEmpty();
  }

  /** Whether a phase trains a part of the student. */
  public boolean trains(Part part) {
    return phases.stream().anyMatch(phase -> phase.trains().contains(part));
  }

  /**
   * The phases as they are trained, over another number of epochs than the recipe's.
   *
   * @param stepsPerEpoch steps of one epoch
   * @throws IllegalArgumentException where there are fewer epochs than phases, or one is shorter
   *     than its warm-up
   */
  public List<TrainingPlan.Phase> plan(int epochs, int stepsPerEpoch) {
    List<TrainingPlan.Phase> planned = new ArrayList<>();
    for (Phase phase : Phase.over(epochs, phases)) {
      double warmup = warmupEpochs(phase, training);
      if (warmup > phase.epochs()) {
        throw new IllegalArgumentException(
            "Invalid warmupEpochs of %s: %s (must be <= its epochs, %d)"
                .formatted(phase.told(), warmup, phase.epochs()));
      }
      double own = training.optimizer().learningRate();
      planned.add(
          new TrainingPlan.Phase(
              phase.epochs(),
              phase.learningRate() == null ? own : phase.learningRate(),
              (int) Math.round(warmup * stepsPerEpoch)));
    }
    return List.copyOf(planned);
  }

  /** Denoising reads the learned projection behind a stop-gradient: alone, it would stay random. */
  private static void requireTrained(Losses losses, ProjectionSettings projection) {
    boolean learned =
        projection.teacherProjection() == ProjectionSettings.TeacherProjection.LEARNED;
    var names = losses.byName().keySet();
    if (learned && names.contains("denoising-score") && !names.contains("feature-consistency")) {
      throw new IllegalArgumentException(
          "Invalid projection.teacherProjection: learned (only feature-consistency trains it, and"
              + " losses are "
              + names
              + ": add that loss, or set pca or identity)");
    }
  }

  /**
   * @throws stillhouse.conf.ConfigException naming the file, the key and what is allowed
   */
  public static Recipe load(Path file) {
    return ConfigFile.load(file, Recipe.class, "/schema/recipe.json");
  }

  /**
   * The phases take the other epochs in proportion, and their own learning rates are to the other
   * as they are to this one's.
   */
  public Recipe withTraining(TrainingSettings changed) {
    double factor = changed.optimizer().learningRate() / training.optimizer().learningRate();
    List<Phase> faster = phases.stream().map(phase -> phase.faster(factor)).toList();
    return new Recipe(
        name, description, faster, changed, alignment, projection, augmentation, curriculum);
  }

  /** The same under another name, on another grid. */
  public Recipe with(String otherName, Alignment other) {
    return new Recipe(
        otherName, description, phases, training, other, projection, augmentation, curriculum);
  }

  /** This recipe with another length and batch, the rest as it is. */
  public Recipe withTraining(int epochs, int batch) {
    return withTraining(training.with(epochs, batch));
  }

  /** Identity of everything that moves a weight: all but the name and the description. */
  public Sha256 digest() {
    Fingerprint parts = Fingerprint.of("recipe");
    // A recipe without phases has the digest of before there were any.
    parts =
        isPhased()
            ? parts.add("phases", canonical(phases.stream().map(Phase::unnamed).toList()))
            : parts.add("losses", canonical(phases.get(0).losses()));
    parts =
        parts
            .add("training", canonical(training.withoutLooks()))
            .add("alignment", canonical(alignment))
            .add("projection", canonical(projection));
    // A recipe that draws no views, and asks for no verdicts, has the digest of before there were
    // any.
    parts =
        augmentation.equals(Augmentation.NONE) ? parts : parts.add("views", augmentation.views());
    return (curriculum.equals(Curriculum.DEFAULT)
            ? parts
            : parts.add("curriculum", canonical(curriculum)))
        .digest();
  }

  private static String canonical(Object part) {
    try {
      return CANONICAL.writeValueAsString(part);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Every part of a recipe is plain data: " + part, e);
    }
  }

  /**
   * Geometric augmentation, by views: of each image the teacher's answers about the view, never its
   * answers about the image, moved. What changes the student's input alone is {@link
   * TrainingSettings#photometric}.
   *
   * @param views of which each training sample shows one an epoch, each as likely
   */
  public record Augmentation(List<View> views) implements Serializable {
    static final Augmentation NONE = new Augmentation(View.ONLY_IDENTITY);

    public Augmentation {
      views = View.ordered(views);
    }
  }

  /**
   * @param grid cells along one side of the grid on which features are compared; 0 of {@link
   *     #TEACHERS}
   */
  public record Alignment(int grid) implements Serializable {
    static final Alignment DEFAULT = new Alignment(32); // fine enough for W to differ by position

    /**
     * The teacher's own grid, whichever that is: before a run is trained, its cells are counted.
     */
    public static final Alignment TEACHERS = new Alignment(0);

    private static final String TEACHER = "teacher";

    @JsonCreator
    static Alignment read(@JsonProperty("grid") JsonNode grid) {
      return grid.isTextual() ? TEACHERS : new Alignment(grid.intValue());
    }

    /** Whether its cells are still to be counted. */
    public boolean areTeachers() {
      return grid == 0;
    }

    /** As a YAML says it. */
    public JsonNode text() {
      return areTeachers() ? TextNode.valueOf(TEACHER) : IntNode.valueOf(grid);
    }
  }
}
