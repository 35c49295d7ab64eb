package stillhouse.train;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.TrainingView;
import stillhouse.cache.ViewInfo;
import stillhouse.decoder.PromptDecoderConfig;
import stillhouse.decoder.PromptDecoders;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptKinds;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.PublishedDecoder;
import stillhouse.decoder.Upsampling;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.loss.Need;
import stillhouse.loss.Objective;
import stillhouse.loss.ObjectiveContext;
import stillhouse.student.Part;
import stillhouse.student.ProposalHead;
import stillhouse.student.PublishedWeights;
import stillhouse.student.Student;
import stillhouse.student.StudentConfig;
import stillhouse.student.Students;
import stillhouse.student.Weights;

/**
 * A recipe, a student and a training view: what every rank of a run builds alike.
 *
 * @param view folder of the training view, reachable from every rank
 * @param labelFraction share of the labelled samples whose labels count, 0…1
 * @param weights of samples that count otherwise than the view has it
 * @param teacherDecoder that a promptable student starts from or is held against
 */
public record Experiment(
    Recipe recipe,
    StudentConfig student,
    String view,
    double labelFraction,
    SampleWeights weights,
    DecoderWeights teacherDecoder)
    implements RankProgram, Serializable {
  private static final Logger LOG = LoggerFactory.getLogger(Experiment.class);

  public Experiment {
    if (!(labelFraction >= 0 && labelFraction <= 1)) {
      throw new IllegalArgumentException(
          "Invalid share of labels: " + labelFraction + " (must be 0…1)");
    }
  }

  /** Every sample counts as the view has it. */
  public Experiment(Recipe recipe, StudentConfig student, String view, double labelFraction) {
    this(recipe, student, view, labelFraction, SampleWeights.NONE, DecoderWeights.NONE);
  }

  @Override
  public RankParts build(RankContext context) {
    TrainingView opened = TrainingView.open(view, context.hadoop());
    Parts parts = parts(opened, context.weights());
    PublishedWeights.load(student, context.weights(), Tensors::fill)
        .ifPresent(r -> report(context, student.name(), student.pretrained().file(), r));
    startDecoders(parts, context.weights())
        .ifPresent(
            r -> report(context, "the decoder of " + student.name(), teacherDecoder.file(), r));
    return new RankParts(
        parts.student(),
        parts.phases(),
        new ViewBatches(opened, columns(), this, context, context.hadoop()));
  }

  private static void report(
      RankContext context, String started, String file, PublishedWeights.Report report) {
    if (context.rank() == 0) {
      LOG.info(
          "Started {} from {}: {} tensors taken; fresh are {}; left out were {}",
          started,
          file,
          report.taken().size(),
          report.fresh(),
          report.leftOut());
    }
  }

  /**
   * Fills a student's decoder from the teacher's, where its YAML does not say fresh, and makes the
   * teacher's where a loss asks it.
   *
   * @return what became of the student's tensors; empty where its decoder starts afresh
   * @throws ConfigException where the file is another than the driver's, or does not fit
   */
  public Optional<PublishedWeights.Report> startDecoders(Parts parts, Weights weights) {
    boolean starts = student.startsFromTeacher();
    boolean asked = Objective.needs(recipe).contains(Need.TEACHER_DECODER);
    if (starts || asked) {
      teacherDecoder.verify();
    }
    if (asked) {
      parts.decoders().requireTeacher("prompt-teacher");
    }
    return starts
        ? Optional.of(
            PublishedDecoder.load(
                Path.of(teacherDecoder.file()),
                parts.decoders().student().orElseThrow(),
                weights,
                Tensors::fill))
        : Optional.empty();
  }

  /**
   * What a run learns: the student, and the losses with what they learn beside it.
   *
   * @param decoders that prompts are put to
   */
  public record Parts(Student student, List<RankParts.Phase> phases, PromptDecoders decoders) {}

  /** Makes the student and the losses in {@code weights}, as every rank does. */
  public Parts parts(TrainingView opened, Weights weights) {
    ViewInfo info = opened.info();
    Student network =
        Students.create(student, info.classes().size(), info.height(), info.width(), weights);
    PromptDecoders decoders = decoders(network, info, weights);
    var context =
        new ObjectiveContext(
            weights,
            network.embeddingChannels(),
            network.levelChannels(),
            info.channels(),
            needsTeacher(recipe) ? info.gridHeight() : recipe.alignment().grid(),
            opened.projection().orElse(null),
            decoders);
    return new Parts(
        network, phases(network, Objective.phases(recipe, context), weights), decoders);
  }

  private PromptDecoders decoders(Student network, ViewInfo info, Weights weights) {
    if (student.prompt() == null) {
      return PromptDecoders.NONE;
    }
    var config = PromptDecoderConfig.of(student.prompt(), student.embedding());
    int stride = network.embeddingStride();
    var own = new PromptGrid(info.height() / stride, info.width() / stride, stride);
    PromptGrid grid = teacherDecoder.madeFor().map(own::with).orElse(own);
    return new PromptDecoders(
        PromptableDecoder.create(config, grid, Student.PREFIX, weights),
        () -> teacherDecoder.there() ? teacher(config, info, weights) : null,
        student.proposes() ? Optional.of(ProposalHead.create(student, weights)) : Optional.empty());
  }

  /**
   * SAM's own form of the student's sizes, frozen, on the grid of the cached layer. Prompts are
   * scaled to the grid's input, so one pixel a cell does for any.
   */
  private PromptableDecoder teacher(PromptDecoderConfig sizes, ViewInfo info, Weights weights) {
    Weights frozen = new Weights(weights.manager(), 0);
    PromptableDecoder teacher =
        PromptableDecoder.create(
            sizes.with(Upsampling.FOURFOLD).with(PromptKinds.ALL),
            new PromptGrid(info.gridHeight(), info.gridWidth(), 1, teacherDecoder.input()),
            "teacher.",
            frozen);
    PublishedDecoder.load(Path.of(teacherDecoder.file()), teacher, frozen, Tensors::fill);
    frozen.train(name -> false);
    return teacher;
  }

  private List<RankParts.Phase> phases(
      Student network, List<Objective> objectives, Weights weights) {
    List<RankParts.Phase> phases = new ArrayList<>();
    for (int i = 0; i < objectives.size(); i++) {
      Phase phase = recipe.phases().get(i);
      Objective objective = objectives.get(i);
      Set<Part> trains = phase.trains();
      phases.add(
          new RankParts.Phase(
              trains,
              tensor ->
                  tensor.startsWith(Student.PREFIX)
                      ? trains.contains(network.partOf(tensor))
                      : objective.learned().contains(tensor),
              objective.terms()));
      requireTensors(phase, network, weights);
    }
    return phases;
  }

  private void requireTensors(Phase phase, Student network, Weights weights) {
    if (phase.trains().equals(Part.ALL)) {
      return; // all that there is
    }
    for (Part part : phase.trains()) {
      if (weights.trainable().keySet().stream()
          .noneMatch(t -> t.startsWith(Student.PREFIX) && network.partOf(t) == part)) {
        throw new IllegalArgumentException(
            "Invalid %s: it trains the %s, and student %s has no tensor of it (name the other part, or all, or take another student)"
                .formatted(phase.told(), part.name().toLowerCase(Locale.ROOT), student.name()));
      }
    }
  }

  /** Steps of one pass over the training samples, whichever view each shows: ⌈n/B⌉. */
  public static int stepsPerEpoch(ViewInfo data, int batch) {
    return Math.toIntExact((data.samples("train") + batch - 1) / batch);
  }

  /**
   * Identity of a run: of all that decides the weights it ends with. The number of ranks is no part
   * of it, since a run may go on over others.
   *
   * @param data of the view
   */
  public Sha256 identity(TrainingPlan plan, ViewInfo data) {
    Fingerprint parts =
        Fingerprint.of("training run 1") // counted up where training itself changes
            .add("recipe", recipe.digest())
            .add("student", student.digest())
            .add("view", data.digest())
            .add("labels", labelFraction)
            .add("epochs", plan.epochs())
            .add("steps per epoch", stepsPerEpoch(data, plan.batch()))
            .add("batch", plan.batch())
            .add("learning rate", plan.learningRate())
            .add("weight decay", plan.weightDecay())
            .add("warm-up steps", plan.warmupSteps())
            .add("clip norm", plan.clipNorm())
            .add("seed", plan.seed());
    // A recipe without phases has the identity that it had before there were any.
    parts = recipe.isPhased() ? parts.add("phases", plan.phases()) : parts;
    // A run whose student takes no prompts, or starts afresh, has the identity of before there were
    // any.
    parts =
        student.prompt() == null ? parts : parts.add("teacher decoder", teacherDecoder.sha256());
    if (teacherDecoder.madeFor().isPresent()) {
      parts = parts.add("prompts' places of", teacherDecoder.input());
    }
    // A run whose samples count as ever has the identity that it had before there were verdicts.
    return (weights.size() == 0 ? parts : parts.add("sample weights", weights.digest())).digest();
  }

  /** The columns of the view that the recipe's losses read; the rest stays on storage. */
  Set<Column> columns() {
    Set<Column> columns = EnumSet.noneOf(Column.class);
    for (Need need : Objective.needs(recipe)) {
      columns.add(
          switch (need) {
            case LABELS -> Column.MASK;
            case TEACHER_LOGITS -> Column.LOGITS;
            case TEACHER_EMBEDDING -> Column.EMBEDDING;
            case STRUCTURE -> Column.STRUCTURE;
            case TEACHER_DECODER -> Column.EMBEDDING; // which it is asked on
          });
    }
    return columns;
  }

  /** Whether the recipe needs a teacher's answers at all. */
  public static boolean needsTeacher(Recipe recipe) {
    return Objective.needs(recipe).stream().anyMatch(n -> n != Need.LABELS);
  }

  /** Whether the recipe needs a teacher's logits. */
  public static boolean needsLogits(Recipe recipe) {
    return Objective.needs(recipe).contains(Need.TEACHER_LOGITS);
  }

  Photometric photometric() {
    Photometric change = recipe.training().photometric();
    return change == null ? Photometric.NONE : change;
  }
}
