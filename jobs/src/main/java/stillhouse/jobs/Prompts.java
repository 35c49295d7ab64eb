package stillhouse.jobs;

import stillhouse.cache.CacheKeys;
import stillhouse.data.DatasetConfig;
import stillhouse.data.PromptSettings;
import stillhouse.teacher.FallbackPlan;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.LabelPoints;
import stillhouse.teacher.MaskSelection;
import stillhouse.teacher.PointGrid;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.SaliencyPoints;
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
      case LABEL_POINTS -> new LabelPoints(prompts.minArea(), MOST_OBJECTS);
      case GRID ->
          new PointGrid(prompts.rows(), prompts.columns(), prompts.classId(), selection(prompts));
      case SALIENCY -> new SaliencyPoints(prompts.points(), prompts.classId(), selection(prompts));
    };
  }

  private static MaskSelection selection(PromptSettings prompts) {
    return new MaskSelection(
        prompts.keep(), prompts.overlap(), prompts.minIou(), prompts.maxArea());
  }

  /** How the data set's cache is kept, in words. */
  static String told(DatasetConfig dataset) {
    DatasetConfig.Cache cache = dataset.cache();
    String views = cache.views().size() == 1 ? "" : ", views " + cache.views();
    return cache.encoding().text() + ", r = " + cache.structureRadius() + views;
  }

  /** Under which a teacher's answers about the data set stand in the cache. */
  static CacheKeys keys(DatasetConfig dataset, TeacherSpec teacher) {
    DatasetConfig.Cache cache = dataset.cache();
    return CacheKeys.of(teacher, of(dataset), cache.encoding(), cache.structureRadius());
  }
}
