package stillhouse.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import stillhouse.train.BarrierTraining;
import stillhouse.train.RankProgram;
import stillhouse.train.TrainingListener;
import stillhouse.train.TrainingMetrics;
import stillhouse.train.TrainingReports;
import stillhouse.train.TrainingRun;

/** All that a training said while it ran. */
record Heard(List<TrainingMetrics.Step> steps, List<TrainingMetrics.Epoch> epochs)
    implements TrainingListener {
  /** Trains to the end, and until it has been heard of every epoch: the last may be on its way. */
  static Heard of(SparkSession spark, TrainingRun run, RankProgram program)
      throws InterruptedException {
    var heard =
        new Heard(
            Collections.synchronizedList(new ArrayList<>()),
            Collections.synchronizedList(new ArrayList<>()));
    int epochs = run.plan().epochs();
    try (var listening = TrainingReports.listen(run.id(), heard)) {
      BarrierTraining.run(spark, run, program);
      for (int waited = 0; heard.epochs.size() < epochs; waited++) {
        if (waited == 1000) {
          throw new IllegalStateException(
              "Heard of " + heard.epochs.size() + " epochs of " + epochs);
        }
        Thread.sleep(20);
      }
    }
    return heard;
  }

  @Override
  public void step(TrainingMetrics.Step metrics) {
    steps.add(metrics);
  }

  @Override
  public void epoch(TrainingMetrics.Epoch metrics) {
    epochs.add(metrics);
  }
}
