package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import stillhouse.cache.CachePlan;
import stillhouse.data.DatasetConfig;

/** What {@code plan} found, for a console and as JSON. */
final class PlanText {
  private PlanText() {}

  static String of(String teacher, DatasetConfig dataset, CachePlan plan, int slots) {
    CachePlan.Probe probe = plan.probe();
    CachePlan.Spread hours = plan.hours((double) slots / plan.slots());
    StringBuilder text = new StringBuilder();
    line(
        text,
        "%s by %s (%s): %,d samples",
        dataset.name(),
        teacher,
        Prompts.told(dataset),
        plan.samples());
    text.append(passes(plan));
    if (plan.prompts() > 0) {
      line(text, "decoder: %,d prompts", plan.prompts());
    }
    line(
        text,
        "to be written: %s as encoded, about %s after zstd",
        TextTable.bytes((long) plan.bytes().raw()),
        TextTable.bytes((long) plan.bytes().stored()));
    if (!plan.fitted()) {
      line(text, "bytes are at most: the projection is not fitted yet, so maps were weighed whole");
    }
    line(
        text,
        "time: %s (%s to %s); tasks at once %d, of the probe %d",
        duration(hours.mean()),
        duration(hours.p10()),
        duration(hours.p90()),
        slots,
        plan.slots());
    line(
        text,
        "measured on %,d images: encoder %s, %s %s, structure %s",
        probe.images(),
        millis(probe.encode()),
        plan.prompts() > 0 ? "a prompt of the decoder" : "an answer",
        millis(probe.decode()),
        millis(probe.structure()));
    text.append(pays(plan));
    return text.toString();
  }

  private static String passes(CachePlan plan) {
    var table = new TextTable("pass", "missing", "chunks", "bytes each", "after zstd");
    row(table, "features", plan.features(), plan.probe().featureBytes());
    row(table, "answers", plan.answers(), plan.probe().answerBytes());
    row(table, "structure", plan.structure(), plan.probe().structureBytes());
    return table.text();
  }

  private static void row(
      TextTable table, String name, CachePlan.Pass pass, CachePlan.Weight weight) {
    table.add(
        name,
        pass.units(),
        pass.chunks(),
        TextTable.bytes((long) weight.raw()),
        TextTable.bytes((long) weight.stored()));
  }

  private static String pays(CachePlan plan) {
    if (plan.probe().images() == 0) {
      return "No image could be measured: fewer are there than one batch a task, or none can be"
          + " read.";
    }
    if (plan.trainImages() == 0) {
      return "There is no training image: no epoch would ask the teacher anything.";
    }
    return plan.slotSeconds().mean() == 0
        ? "Nothing is missing: the cache has paid already."
        : String.format(
            Locale.ROOT,
            "The cache pays after %,d epochs of asking the teacher about the %,d training images in"
                + " each.",
            plan.paysAfterEpochs(),
            plan.trainImages());
  }

  private static void line(StringBuilder text, String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append(System.lineSeparator());
  }

  private static String millis(CachePlan.Spread seconds) {
    return String.format(
        Locale.ROOT,
        "%.1f ms (%.1f to %.1f)",
        1e3 * seconds.mean(),
        1e3 * seconds.p10(),
        1e3 * seconds.p90());
  }

  private static String duration(double hours) {
    double minutes = hours * 60;
    if (minutes < 1) {
      return String.format(Locale.ROOT, "%.1f s", minutes * 60);
    }
    return minutes < 120
        ? String.format(Locale.ROOT, "%.1f min", minutes)
        : String.format(Locale.ROOT, "%,.1f h", hours);
  }

  static Map<String, Object> map(String teacher, DatasetConfig dataset, CachePlan plan, int slots) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("dataset", dataset.name());
    map.put("teacher", teacher);
    map.put("settings", Prompts.told(dataset));
    map.put("plan", plan);
    map.put("bytes", plan.bytes());
    map.put("slots", slots);
    map.put("hours", plan.hours((double) slots / plan.slots()));
    map.put("pays_after_epochs", plan.paysAfterEpochs());
    return map;
  }
}
