package stillhouse.jobs;

import org.apache.spark.sql.SparkSession;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.Encoding;
import stillhouse.cache.Projections;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.PromptSettings;
import stillhouse.teacher.FallbackPlan;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.LabelPoints;
import stillhouse.teacher.MaskSelection;
import stillhouse.teacher.PointGrid;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.SaliencyPoints;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherSpec;

/** The prompt plan that a data set's YAML asks for. */
final class Prompts {
  private static final int MOST_OBJECTS = 64; // of an image; SAM 2's decoder takes 0.05 s for each

  private Prompts() {}

  static PromptPlan of(DatasetConfig dataset) {
    return of(dataset.prompts());
  }

  private static PromptPlan of(PromptSettings prompts) {
    PromptPlan plan = plan(prompts);
    return prompts
        .fallback()
        .<PromptPlan>map(unlabelled -> new FallbackPlan(plan, of(unlabelled)))
        .orElse(plan);
  }

  private static PromptPlan plan(PromptSettings prompts) {
    return switch (prompts.source()) {
      case LABEL_BOXES -> new LabelBoxes(prompts.minArea(), MOST_OBJECTS);
      case LABEL_POINTS -> new LabelPoints(prompts.minArea(), MOST_OBJECTS, prompts.maxArea());
      case GRID ->
          new PointGrid(prompts.rows(), prompts.columns(), prompts.classId(), selection(prompts));
      case SALIENCY -> new SaliencyPoints(prompts.points(), prompts.classId(), selection(prompts));
    };
  }

  private static MaskSelection selection(PromptSettings prompts) {
    return new MaskSelection(
        prompts.keep(), prompts.overlap(), prompts.minIou(), prompts.maxArea());
  }

  /**
   * @throws ConfigException where points are asked of a promptable teacher that answers boxes
   *     alone, or boxes of one that answers points alone
   */
  static void requireAnswered(DatasetConfig dataset, TeacherConfig teacher) {
    PromptSettings prompts = dataset.prompts();
    if (!teacher.spec().promptable()) {
      return;
    }
    boolean points =
        asksPoints(prompts) || prompts.fallback().filter(Prompts::asksPoints).isPresent();
    if (!asksPoints(prompts) && !teacher.takesBoxes()) {
      throw new ConfigException(
          "Cannot ask teacher %s for data set %s: its prompts are boxes (source: %s), and the teacher answers points alone. Set prompts: {source: label-points}, or grid or saliency, or name another teacher."
              .formatted(teacher.name(), dataset.name(), prompts.source().text()));
    }
    if (points && !teacher.takesPoints()) {
      throw new ConfigException(
          "Cannot ask teacher %s for data set %s: its prompts are points (source: %s%s), and the teacher answers boxes alone. Set prompts: {source: label-boxes} without a fallback, or name another teacher."
              .formatted(
                  teacher.name(),
                  dataset.name(),
                  prompts.source().text(),
                  prompts.fallback().map(f -> ", fallback: " + f.source().text()).orElse("")));
    }
  }

  /**
   * The teacher as the data set is asked of it: with the boxes that it proposes for lone points, or
   * without.
   *
   * @throws ConfigException where the data set wants proposals, and the teacher has none
   */
  static TeacherConfig chosen(DatasetConfig dataset, TeacherConfig teacher) {
    return switch (dataset.prompts().granularity()) {
      case TEACHER -> teacher;
      case NONE -> teacher.withoutGranularity();
      case PROPOSALS -> {
        if (teacher.granularity() == null) {
          throw new ConfigException(
              "Cannot ask teacher %s for data set %s: its prompts want the teacher's proposals (granularity: proposals), and its YAML has none (files.proposals and granularity). Set granularity: none, leave it out, or name a teacher that has them, such as the promptable.yaml of a run by edge-sam-prior."
                  .formatted(teacher.name(), dataset.name()));
        }
        yield teacher;
      }
    };
  }

  private static boolean asksPoints(PromptSettings prompts) {
    return prompts.source() != PromptSettings.Source.LABEL_BOXES;
  }

  /** What a teacher is asked about a labelled image, here about its middle. */
  static Prompt like(DatasetConfig dataset, int width, int height) {
    return asksPoints(dataset.prompts())
        ? new Prompt.Point(1, width / 2f, height / 2f, true)
        : new Prompt.Box(1, width / 4f, height / 4f, 3 * width / 4f, 3 * height / 4f);
  }

  /** How the data set's cache is kept, in words. */
  static String told(DatasetConfig dataset) {
    DatasetConfig.Cache cache = dataset.cache();
    String views = cache.views().size() == 1 ? "" : ", views " + cache.views();
    return encoding(dataset) + ", r = " + cache.structureRadius() + views;
  }

  /** How its feature maps are, in words: {@code int8, 64 principal channels}. */
  static String encoding(DatasetConfig dataset) {
    String type = dataset.cache().encoding().text();
    return dataset
        .cache()
        .projection()
        .map(p -> type + ", " + p.channels() + " principal channels")
        .orElse(type);
  }

  /**
   * Under which a teacher's answers about the data set stand in a workspace's cache.
   *
   * @throws ConfigException where the cache is a projected one and no cache job has run yet
   */
  static CacheKeys keys(
      SparkSession spark, String root, DatasetConfig dataset, TeacherSpec teacher) {
    Encoding encoding = Projections.encoding(spark, root, dataset.cache(), teacher);
    return CacheKeys.of(teacher, of(dataset), encoding, dataset.cache().structureRadius());
  }

  /** The plan's fingerprint; {@link CacheKeys#NO_PROMPT} of a teacher that takes no prompts. */
  static String fingerprint(DatasetConfig dataset, TeacherSpec teacher) {
    return teacher.promptable() ? of(dataset).fingerprint().hex() : CacheKeys.NO_PROMPT;
  }
}
