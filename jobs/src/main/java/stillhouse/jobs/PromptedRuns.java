package stillhouse.jobs;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;
import stillhouse.decoder.PromptInput;
import stillhouse.decoder.PublishedDecoder;
import stillhouse.identity.Sha256;
import stillhouse.loss.LossSettings;
import stillhouse.loss.Need;
import stillhouse.loss.Objective;
import stillhouse.student.Part;
import stillhouse.student.StudentConfig;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.train.DecoderWeights;
import stillhouse.train.Experiment;
import stillhouse.train.Phase;
import stillhouse.train.Recipe;

/** What runs of promptable students need, refused on the driver and before a rank starts. */
record PromptedRuns(StudentConfig student, Path studentFile, Optional<LocalTeacher> teacher) {
  private static final int NAMED = 3; // images of a message

  /** Parts that class logits do not come from. */
  private static final Set<Part> PROMPTED = Set.of(Part.PROMPTS, Part.PROPOSALS);

  private static String parts(Set<Part> parts) {
    return parts.stream()
        .map(part -> part.name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(" and "));
  }

  /**
   * What a promptable student starts from, or is held against.
   *
   * @throws ConfigException where the teacher has none
   */
  DecoderWeights decoder(Recipe recipe) {
    boolean starts = student.startsFromTeacher();
    boolean asked = asks(recipe);
    if (!starts && !asked) {
      return DecoderWeights.NONE;
    }
    Optional<TeacherConfig> config =
        teacher.map(LocalTeacher::config).filter(c -> c.files().decoderWeights() != null);
    if (config.isEmpty()) {
      throw lacking(recipe, starts);
    }
    if (asked && !config.get().takesBoxes()) {
      throw new ConfigException(
          "Recipe %s asks the teacher's decoder by points and boxes, and teacher %s takes points alone. Give a teacher that takes boxes, or a recipe without prompt-teacher, such as sam2-dense-point."
              .formatted(recipe.name(), config.get().name()));
    }
    Path file = TeacherFiles.decoderWeights(config.get(), TeacherFiles.defaultCache());
    return new DecoderWeights(
        file.toString(), Sha256.ofFile(file).hex(), madeFor(file, config.get()));
  }

  /**
   * An order on the grid that its recipe means. Of a run that is not trained yet what its prompts
   * need is held against the cache.
   *
   * @param folder of the run
   * @throws ConfigException with what it lacks, before a view is made
   */
  TrainingJob.Order ready(TrainingJob.Order asked, Path folder, ViewMaker views) {
    TrainingJob.Order order = asked.with(views.aligned(asked.recipe()));
    if (!RunRecord.isIn(folder)) {
      requireLearned(order.recipe());
      requireEmbedding(order.recipe(), views);
    }
    return order;
  }

  private static boolean asks(Recipe recipe) {
    return Objective.needs(recipe).contains(Need.TEACHER_DECODER);
  }

  /**
   * Refuses an embedding that the teacher's decoder does not know: images that are letter-boxed and
   * not square, of which the view has no more than the image, and another grid than the teacher's.
   *
   * @param recipe whose grid is a number
   * @throws ConfigException before a view is made
   */
  private void requireEmbedding(Recipe recipe, ViewMaker views) {
    boolean asked = asks(recipe);
    if (!Experiment.needsTeacher(recipe) || !asked && !student.startsFromTeacher()) {
      return;
    }
    if (asked && teacher.filter(t -> t.spec().extent().isExact()).isEmpty()) {
      requireSquare(recipe.name(), teacher.orElseThrow().spec().name(), views.oblong());
    }
    int grid = recipe.alignment().grid();
    views
        .teachersCells()
        .filter(cells -> cells.rows() != grid || cells.columns() != grid)
        .ifPresent(
            cells -> {
              throw new ConfigException(
                  "Cannot train student %s by recipe %s on a grid of %d×%d cells: teacher %s's decoder, which %s, knows its embedding on %d×%d. Leave --grid out and say alignment: {grid: teacher} in the recipe."
                      .formatted(
                          student.name(),
                          recipe.name(),
                          grid,
                          grid,
                          teacher.orElseThrow().spec().name(),
                          asked ? "the recipe asks" : "the student starts from",
                          cells.rows(),
                          cells.columns()));
            });
  }

  /**
   * Refuses a decoder for prompts that would ship as random values, or as a teacher's that only
   * decayed.
   *
   * @throws ConfigException where no loss that asks by prompts teaches it, and it does not stay as
   *     the teacher's
   */
  private void requireLearned(Recipe recipe) {
    if (student.prompt() == null) {
      return;
    }
    List<Phase> moving =
        recipe.phases().stream().filter(phase -> phase.trains().contains(Part.PROMPTS)).toList();
    boolean learned =
        moving.stream()
            .flatMap(phase -> phase.losses().byName().values().stream())
            .anyMatch(LossSettings::readsPrompts);
    boolean fresh = !student.startsFromTeacher() || student.prompt().doublings() == 1;
    if (learned || !fresh && moving.isEmpty()) {
      return;
    }
    throw new ConfigException(
        "Cannot train student %s by recipe %s: %s, no loss of the recipe asks it, and export would make a promptable teacher of it. Take a recipe with prompt-labels or prompt-teacher in a phase that trains prompts, or a student without prompt:, such as tiny-conv%s."
            .formatted(
                student.name(),
                recipe.name(),
                fresh
                    ? "its decoder for prompts starts, at least in part, from random values"
                    : "its decoder for prompts starts from the teacher's and is trained, which without a gradient lets it decay",
                student.startsFromTeacher()
                    ? ""
                    : ", or set prompt.start: teacher in " + studentFile));
  }

  /**
   * @param oblong samples that are not square
   * @throws ConfigException where there is one
   */
  static void requireSquare(String recipe, String teacher, Dataset<Row> oblong) {
    List<Row> some =
        oblong
            .select(Samples.IMAGE_URI, Samples.WIDTH, Samples.HEIGHT)
            .orderBy(Samples.IMAGE_URI)
            .limit(NAMED)
            .collectAsList();
    if (some.isEmpty()) {
      return;
    }
    String named =
        some.stream()
            .map(row -> "%s (%d×%d)".formatted(row.getString(0), row.getInt(1), row.getInt(2)))
            .collect(Collectors.joining(", "));
    throw new ConfigException(
        "Recipe %s asks the decoder of teacher %s on cached embeddings, of which a view has no more than the image, and the teacher letter-boxes: %d training and validation images are not square, %s among them. Cut them into square tiles (tiles: in the data set's YAML), or name a teacher whose YAML has input: {resize: direct}, or a recipe without prompt-teacher."
            .formatted(recipe, teacher, oblong.count(), named));
  }

  /** What the file says; of a published one, which says nothing, the teacher's own input. */
  private static PromptInput madeFor(Path file, TeacherConfig teacher) {
    return PublishedDecoder.madeFor(file)
        .orElseGet(() -> new PromptInput(teacher.input().height(), teacher.input().width()));
  }

  private ConfigException lacking(Recipe recipe, boolean starts) {
    return new ConfigException(
        "%s, and %s. Give a teacher whose YAML has files.decoder-weights, such as mobile-sam or a promptable run's%s."
            .formatted(
                starts
                    ? "Student " + student.name() + " starts from the teacher's decoder"
                    : "Recipe " + recipe.name() + " asks the teacher's decoder",
                teacher
                    .map(t -> "teacher " + t.spec().name() + " has none as weights")
                    .orElse("no teacher is given"),
                starts ? ", or set prompt.start: fresh in " + studentFile : ""));
  }

  /**
   * Makes student, losses and decoders once, as ranks will, where prompts have to do with it.
   *
   * @throws ConfigException with what does not fit
   */
  void require(PreparedRun prepared) {
    Recipe recipe = prepared.order().recipe();
    List<Phase> phases = recipe.phases();
    boolean prompted =
        student.prompt() != null
            || phases.stream()
                .flatMap(phase -> phase.losses().byName().values().stream())
                .anyMatch(loss -> loss.readsPrompts() || loss.readsProposals());
    if (!prompted) {
      return;
    }
    Set<Part> last = phases.get(phases.size() - 1).trains();
    if (prepared.validation().isPresent() && PROMPTED.containsAll(last)) {
      throw new ConfigException(
          "Cannot validate recipe %s: its last phase trains %s alone, and validation scores class logits, which stand still meanwhile. Leave validation out, or end with a phase that trains encoder or decoder."
              .formatted(recipe.name(), parts(last)));
    }
    try (Network network = new Network(prepared.experiment(), prepared.view())) {
      network.start(prepared.experiment());
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "Cannot train student %s by recipe %s: %s"
              .formatted(student.name(), recipe.name(), e.getMessage()),
          e);
    }
  }
}
