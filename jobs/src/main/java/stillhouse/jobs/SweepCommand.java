package stillhouse.jobs;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stillhouse.conf.ConfFiles;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.teacher.LocalTeacher;
import stillhouse.train.BarrierTraining;

/** Runs by seeds from one cache: trained, exported, scored, and held against one of them. */
@Command(
    name = "sweep",
    mixinStandardHelpOptions = true,
    description = {
      "Trains, exports and scores every run of a YAML file with every seed, and makes a table of them.",
      "The same command goes on from what is there."
    })
final class SweepCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(SweepCommand.class);

  @Parameters(paramLabel = "FILE", description = "a YAML file, or a name of conf/sweeps")
  private String sweep;

  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private TrackingOptions tracking;

  @Mixin private SweepOptions options;

  @Option(names = "--dry-run", description = "say what would be trained, and train nothing")
  private boolean dryRun;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Path file = ConfFiles.find("sweeps", sweep);
    SweepConfig config = SweepConfig.load(file);
    int over = options.ranks(config.ranks());
    SweepGrid grid = SweepGrid.of(file, config, options);
    DatasetConfig dataset = data.load();
    Optional<LocalTeacher> source = teacher.find(dataset);
    for (SweepCell cell : grid.cells()) {
      TrainCommand.requireTeacher(cell.recipe(), source);
      TrainCommand.requireReviewer(cell.recipe(), source);
    }
    if (dryRun) {
      return plan(grid, dataset, over);
    }
    grid.cells().stream().map(SweepCell::student).distinct().forEach(Network::requirePretrained);
    BarrierTraining.requireCluster(JobSession.settings(), over);
    return run(file, grid, dataset, source);
  }

  private int plan(SweepGrid grid, DatasetConfig dataset, int over) {
    root.requireThere();
    try (var session = JobSession.open("sweep " + grid.config().name())) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      System.out.println(new SweepPlan(session.spark(), root, grid, over).text());
      return 0;
    }
  }

  private int run(Path file, SweepGrid grid, DatasetConfig dataset, Optional<LocalTeacher> source)
      throws IOException {
    root.requireThere();
    try (var server = tracking.connect();
        var session = JobSession.open("sweep " + grid.config().name())) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      var job = new SweepJob(session.spark(), server, root, dataset, source, file, grid);
      SweepJob.Report report = job.run();
      System.out.println(new SweepText(report.table()).console());
      log.info("Wrote table.md, table.json and table.png to {}", report.folder());
      return report.whole() ? 0 : incomplete(report);
    }
  }

  private int incomplete(SweepJob.Report report) {
    PrintWriter err = spec.commandLine().getErr();
    var failures = report.table().failures();
    if (!failures.isEmpty()) {
      err.printf(
          "error: %d of %d runs failed. The same command tries them again; the others are done.%n",
          failures.size(), report.table().trials());
      failures.forEach(failed -> err.println("  " + failed));
    }
    if (!report.lacking().isEmpty()) {
      err.println("error: MLflow does not know all of the sweep. " + RunTracking.REMEDY);
      report.lacking().forEach(sentence -> err.println("  " + sentence));
    }
    return Stillhouse.FAILED;
  }
}
