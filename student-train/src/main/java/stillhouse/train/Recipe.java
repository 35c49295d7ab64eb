package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import stillhouse.conf.ConfigFile;
import stillhouse.data.View;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.loss.Losses;
import stillhouse.loss.ProjectionSettings;

/**
 * One experiment: which losses, and how they are trained. Read from {@code conf/recipes/*.yaml},
 * whose allowed keys and ranges are in {@code /schema/recipe.json}.
 *
 * @param description a line for the experiment's run; may be empty
 * @param augmentation in which views the student sees the training images
 * @param curriculum what reviewers' verdicts change; the default where the recipe names none, and
 *     then verdicts are used only where the run asks for them
 */
public record Recipe(
    String name,
    String description,
    Losses losses,
    Training training,
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
    requireTrained(losses, projection);
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

  public Recipe withTraining(Training changed) {
    return new Recipe(
        name, description, losses, changed, alignment, projection, augmentation, curriculum);
  }

  /** This recipe with another length and batch, the rest as it is. */
  public Recipe withTraining(int epochs, int batch) {
    return withTraining(training.with(epochs, batch));
  }

  /** Identity of everything that moves a weight: all but the name and the description. */
  public Sha256 digest() {
    Fingerprint parts =
        Fingerprint.of("recipe")
            .add("losses", canonical(losses))
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
   * @param batch samples a step over all ranks
   * @param clipNorm the largest global norm of the gradient; null: not clipped
   * @param photometric changes to the student's input only; null: none
   * @param accumulation parts in which a rank's share of a step passes through the student; null: 1
   * @param ema decay of the moving average of the weights that is exported in their place; null:
   *     they are exported themselves
   * @param validation how the run is looked at; null: it is not
   * @param review how student and teacher are held against each other meanwhile; null: they are not
   */
  public record Training(
      int epochs,
      int batch,
      Optimizer optimizer,
      Schedule schedule,
      Double clipNorm,
      Photometric photometric,
      // Where they say nothing, they are no part of the digest.
      @JsonInclude(JsonInclude.Include.NON_NULL) Integer accumulation,
      @JsonInclude(JsonInclude.Include.NON_NULL) Double ema,
      @JsonInclude(JsonInclude.Include.NON_NULL) ValidationSettings validation,
      @JsonInclude(JsonInclude.Include.NON_NULL) ReviewSettings review)
      implements Serializable {
    public Training {
      schedule = schedule == null ? Schedule.DEFAULT : schedule;
      if (schedule.warmupEpochs() >= epochs) {
        throw new IllegalArgumentException(
            "Invalid training.schedule.warmupEpochs: "
                + schedule.warmupEpochs()
                + " (must be < training.epochs, "
                + epochs
                + ")");
      }
    }

    public Training with(Optimizer other) {
      return new Training(
          epochs,
          batch,
          other,
          schedule,
          clipNorm,
          photometric,
          accumulation,
          ema,
          validation,
          review);
    }

    /** Looked at otherwise, or not at all. */
    public Training with(ValidationSettings looks, ReviewSettings reviews) {
      return new Training(
          epochs,
          batch,
          optimizer,
          schedule,
          clipNorm,
          photometric,
          accumulation,
          ema,
          looks,
          reviews);
    }

    /** Looking at a run moves no weight; that it may end the run does. */
    private Training withoutLooks() {
      boolean ends = validation != null && validation.patience() != null;
      return with(ends ? validation.thatEnd() : null, null);
    }

    public Training with(int otherEpochs, int otherBatch) {
      return new Training(
          otherEpochs,
          otherBatch,
          optimizer,
          schedule,
          clipNorm,
          photometric,
          accumulation,
          ema,
          validation,
          review);
    }
  }

  /** AdamW; decay is decoupled from the gradient. */
  public record Optimizer(
      Kind type,
      double learningRate,
      Double weightDecay,
      Double beta1,
      Double beta2,
      Double epsilon)
      implements Serializable {
    /** The optimisers there are. */
    public enum Kind {
      @JsonProperty("adamw")
      ADAMW
    }

    public Optimizer withLearningRate(double rate) {
      return new Optimizer(type, rate, weightDecay, beta1, beta2, epsilon);
    }

    public Optimizer {
      // PyTorch's defaults, which the seeds' "AdamW" leaves as they are
      weightDecay = weightDecay == null ? 0.01 : weightDecay;
      beta1 = beta1 == null ? 0.9 : beta1;
      beta2 = beta2 == null ? 0.999 : beta2;
      epsilon = epsilon == null ? 1e-8 : epsilon;
    }
  }

  /**
   * The learning rate's course: linear from 0 over the warm-up, then half a cosine down to 0.
   *
   * @param warmupEpochs may be a fraction of one
   */
  public record Schedule(Kind type, Double warmupEpochs) implements Serializable {
    /** The schedules there are. */
    public enum Kind {
      @JsonProperty("cosine")
      COSINE
    }

    static final Schedule DEFAULT = new Schedule(Kind.COSINE, null);

    public Schedule {
      warmupEpochs = warmupEpochs == null ? 0.0 : warmupEpochs;
    }
  }

  /**
   * Geometric augmentation, by views: of each image the teacher's answers about the view, never its
   * answers about the image, moved. What changes the student's input alone is {@link
   * Training#photometric}.
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
   * @param grid cells along one side of the grid on which features are compared
   */
  public record Alignment(Integer grid) implements Serializable {
    static final Alignment DEFAULT = new Alignment(null);

    public Alignment {
      grid = grid == null ? 32 : grid; // fine enough for W to differ between positions
    }
  }
}
