package stillhouse.jobs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import stillhouse.htmlreport.Point;
import stillhouse.htmlreport.Training;
import stillhouse.tracking.RunHistory;
import stillhouse.tracking.TrackingServer;

/**
 * The curves of the runs of a report.
 *
 * @param server empty where none was named
 */
record ReportCurves(Optional<TrackingServer> server) {
  private static final int MOST = 240; // points of a curve: two pixels each

  List<Training> of(ReportedScores scores) {
    List<Training> trainings = new ArrayList<>();
    scores
        .records()
        .forEach((name, record) -> trainings.add(of(record, scores.folders().get(name))));
    return trainings;
  }

  private Training of(RunRecord record, Path folder) {
    RunHistory history = RunHistory.of(server, record.mlflowRun(), folder, ReportCurves::isWanted);
    Map<String, List<Point>> curves = new TreeMap<>();
    history.curves().forEach((name, curve) -> curves.put(name, thinned(curve, MOST)));
    return new Training(record.name(), source(record, history), curves);
  }

  private static boolean isWanted(String name) {
    return name.equals("train/loss")
        || name.startsWith("train/loss_")
        || name.equals("train/learning_rate")
        || name.matches("val/(boundary_)?iou(_int8)?");
  }

  private String source(RunRecord record, RunHistory history) {
    String run = "MLflow run " + record.mlflowRun();
    if (history.told()) {
      return "%s: %d steps of %d, learning rate %s at most."
          .formatted(run, record.steps(), record.batch(), record.learningRate());
    }
    String why =
        server.isEmpty()
            ? "No MLflow server was named (--mlflow URI, or MLFLOW_TRACKING_URI), which keeps the curves"
            : "The MLflow server that was named has no " + run;
    return history.curves().isEmpty()
        ? why + "."
        : why + "; these are the values that wait in the run's folder.";
  }

  /** The means of equal stretches of a long curve, at the middle of their steps. */
  static List<Point> thinned(NavigableMap<Long, Double> curve, int most) {
    List<Map.Entry<Long, Double>> values = new ArrayList<>(curve.entrySet());
    int stretches = Math.min(most, values.size());
    List<Point> points = new ArrayList<>(stretches);
    for (int i = 0; i < stretches; i++) {
      int from = (int) ((long) values.size() * i / stretches);
      int to = (int) ((long) values.size() * (i + 1) / stretches);
      double step = 0;
      double sum = 0;
      for (Map.Entry<Long, Double> value : values.subList(from, to)) {
        step += value.getKey();
        sum += value.getValue();
      }
      points.add(new Point(step / (to - from), sum / (to - from)));
    }
    return points;
  }
}
