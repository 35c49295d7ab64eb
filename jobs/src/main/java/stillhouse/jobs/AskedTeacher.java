package stillhouse.jobs;

import stillhouse.data.DatasetConfig;
import stillhouse.predict.PromptCount;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.PromptPlan;

/**
 * A teacher as a data set asks it.
 *
 * @param supervision what of the labels its questions give away; empty where it is nothing
 * @param prompts how many an image takes
 */
record AskedTeacher(
    String name, String supervision, PromptCount prompts, TeacherLatency.Answering latency) {
  /** Times it on this machine. */
  static AskedTeacher of(LocalTeacher source, DatasetConfig dataset) {
    String name = source.spec().name();
    if (!source.spec().promptable()) {
      var plain = new TeacherLatency.Answering(TeacherLatency.medianMillis(source), 0);
      return new AskedTeacher(name, "", PromptCount.NONE, plain);
    }
    PromptPlan plan = Prompts.of(dataset);
    var input = source.config().input();
    return new AskedTeacher(
        name,
        plan.supervision(),
        PromptCount.of(plan),
        TeacherLatency.answering(source, Prompts.like(dataset, input.width(), input.height())));
  }
}
