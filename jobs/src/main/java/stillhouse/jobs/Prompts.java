package stillhouse.jobs;

import stillhouse.cache.CacheKeys;
import stillhouse.data.DatasetConfig;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSpec;

/** The prompt plan that a data set's YAML asks for. */
final class Prompts {
  private static final int MOST_BOXES = 64; // of an image; SAM 2's decoder takes 0.05 s for each

  private Prompts() {}

  static PromptPlan of(DatasetConfig dataset) {
    return switch (dataset.prompts().source()) {
      case LABEL_BOXES -> new LabelBoxes(dataset.prompts().minArea(), MOST_BOXES);
    };
  }

  /** How the data set's cache is kept, in words. */
  static String told(DatasetConfig dataset) {
    return dataset.cache().encoding().text() + ", r = " + dataset.cache().structureRadius();
  }

  /** Under which a teacher's answers about the data set stand in the cache. */
  static CacheKeys keys(DatasetConfig dataset, TeacherSpec teacher) {
    DatasetConfig.Cache cache = dataset.cache();
    return CacheKeys.of(teacher, of(dataset), cache.encoding(), cache.structureRadius());
  }
}
