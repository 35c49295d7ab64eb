package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** How the runs' losses, learning rates and validation scores went. */
final class TrainingSection {
  private static final String STEPS = "steps";

  private TrainingSection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>();
    for (Training training : f.trainings()) {
      blocks.add(new Heading(training.run()));
      blocks.add(new Note(training.source()));
      losses(training).ifPresent(blocks::add);
      rate(training).ifPresent(blocks::add);
      validation(training).ifPresentOrElse(blocks::add, () -> unvalidated(f, training, blocks));
    }
    return new Section(
        "training",
        "Training curves",
        "A long curve is drawn as the means of equal stretches of steps.",
        blocks);
  }

  private static void unvalidated(Findings f, Training training, List<Block> blocks) {
    if (!training.curves().isEmpty()) {
      blocks.add(
          new Note(
              "It was not validated while it trained. A run that is, has a curve of IoU and boundary IoU here:",
              f.commands()
                  .of(
                      "train %s %s %s --validate-every 1 …"
                          .formatted(
                              f.commands().data(), f.commands().root(), f.commands().teacher()))));
    }
  }

  /** The sum, and each term. */
  private static Optional<Chart> losses(Training training) {
    Map<String, String> named = new LinkedHashMap<>(Map.of("train/loss", "loss"));
    new TreeMap<>(training.curves())
        .keySet().stream()
            .filter(key -> key.startsWith("train/loss_"))
            .forEach(key -> named.put(key, key.substring("train/loss_".length())));
    return chart(training, "Loss and its terms", named);
  }

  private static Optional<Chart> rate(Training training) {
    return chart(training, "Learning rate", Map.of("train/learning_rate", "learning rate"));
  }

  private static Optional<Chart> validation(Training training) {
    Map<String, String> named = new LinkedHashMap<>();
    named.put("val/iou", "IoU");
    named.put("val/boundary_iou", "boundary IoU");
    named.put("val/iou_int8", "IoU, INT8");
    named.put("val/boundary_iou_int8", "boundary IoU, INT8");
    return chart(training, "Validation", named);
  }

  private static Optional<Chart> chart(Training training, String title, Map<String, String> named) {
    List<LineChart.Curve> curves = new ArrayList<>();
    named.forEach(
        (key, name) -> {
          List<Point> points = training.curves().getOrDefault(key, List.of());
          if (!points.isEmpty()) {
            curves.add(LineChart.Curve.of(name, points));
          }
        });
    return curves.isEmpty() ? Optional.empty() : Optional.of(LineChart.of(title, STEPS, curves));
  }
}
