package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.predict.Provider;
import stillhouse.teacher.LocalTeacher;
import stillhouse.tensorrt.EngineResult;
import stillhouse.tracking.TrackingServer;

/**
 * Runs what ships, each run's ONNX file, over a split, and the teacher's cached answers beside it.
 */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description =
        "Scores each run's ONNX file, the teacher's cached answers and other tools' masks on a"
            + " labelled split.")
final class EvaluateCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(EvaluateCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RunSelection runs;
  @Mixin private TeacherOption teacher;
  @Mixin private TrackingOptions tracking;
  @Mixin private SplitOption split;

  @Option(names = "--summary", paramLabel = "FILE", description = "also write the table as JSON")
  private Path summary;

  @Option(names = "--force", description = "evaluate runs again that were evaluated")
  private boolean force;

  @Option(
      names = "--engines",
      description =
          "also score the TensorRT engines of the files, on this machine's GPU; takes a build with"
              + " -Pgpu (docs/edge.md)")
  private boolean engines;

  @Mixin private PredictionOptions predictions;

  @Mixin private StrataOptions by;

  @Mixin private CanaryOptions canary;

  @Override
  public Integer call() throws Exception {
    DatasetConfig dataset = data.load();
    Optional<LocalTeacher> source = teacher.find(dataset);
    Optional<LocalTeacher> answering = source.filter(t -> t.spec().answers());
    if (source.isPresent() && answering.isEmpty()) {
      log.info("Teacher {} gives no logits, so it has no row", source.get().spec().name());
    }
    boolean without = answering.isPresent() || predictions.isGiven();
    List<Path> folders = without ? runs.foldersIfAny() : runs.folders();
    requireOptions();
    by.check();
    folders.forEach(OnnxFiles::require);
    try (var server = tracking.connect();
        var session = JobSession.open("evaluate " + dataset.name())) {
      IngestedDataset.require(session.spark(), runs.root().uri(), dataset);
      try (var pinned = new RunPins(session.spark(), runs.root().uri()).evaluating();
          var parts = by.open(session.spark(), runs.root().uri())) {
        Summary table = score(session.spark(), server, dataset, answering, folders);
        StrataTable strata =
            StrataTable.of(
                session.spark(), runs.root(), dataset.classes(), table.scores(), parts.by());
        strata.track(server);
        System.out.println(table.text() + strata.text());
        log.info("MLflow experiment {} at {}", dataset.name(), server.uri());
        if (summary != null) {
          write(table, strata, session.spark(), server, dataset, source);
        }
      }
    }
    return 0;
  }

  private Summary score(
      SparkSession spark,
      TrackingServer server,
      DatasetConfig dataset,
      Optional<LocalTeacher> answering,
      List<Path> folders)
      throws IOException {
    TestSamples samples =
        TestSamples.of(
            spark, runs.root().uri(), dataset, split.checked(), answering.map(LocalTeacher::spec));
    if (!samples.leftOut().isEmpty()) {
      log.warn("Left out of split {}: {}", samples.split(), samples.leftOut());
    }
    Scoring scoring = new Scoring(spark, server, samples, answering, runs.root(), force);
    List<Score> scores = new ArrayList<>();
    if (answering.isPresent()) {
      scores.add(scoring.teacher(answering.get()));
    }
    var others =
        new VariantScoring(
            scoring.students(),
            new VariantCanary(spark, server, samples, runs.root(), canary.terms(), force));
    Map<String, String> flattered = new LinkedHashMap<>();
    for (Path folder : folders) {
      RunRecord record = RunRecord.read(folder);
      List<Score> ofRun = new ArrayList<>(List.of(scoring.students().student(folder)));
      List<Scored> beside = new ArrayList<>(ScoredFile.others(folder));
      beside.addAll(engines(folder));
      for (Scored other : beside) {
        others.score(other, ofRun.get(0)).ifPresent(ofRun::add);
      }
      for (Score score : ofRun) {
        scores.add(score);
        EvaluatedRun.of(score, record)
            .flattered()
            .ifPresent(sentence -> flattered.put(score.name(), sentence));
      }
    }
    for (var given : predictions.places().entrySet()) {
      scores.add(scoring.predictions(given.getKey(), given.getValue(), predictions.missing()));
    }
    return new Summary(
        dataset, samples.split(), scores, samples.leftOut(), flattered, others.canaries());
  }

  /** Of the files that engines are built of, those of which there is one. */
  private List<ScoredEngine> engines(Path folder) {
    if (!engines) {
      return List.of();
    }
    List<ScoredFile> files = new ArrayList<>(List.of(new ScoredFile(folder, Variant.FP32)));
    files.addAll(ScoredFile.others(folder));
    List<ScoredEngine> all = new ArrayList<>();
    for (ScoredFile file : files) {
      EngineResult engine = StudentScoring.engineOf(file);
      if (engine instanceof EngineResult.Built built) {
        all.add(new ScoredEngine(file, built));
      } else {
        log.warn("{} is not scored as an engine: {}", file.require(), engine.summary());
      }
    }
    return all;
  }

  private void write(
      Summary table,
      StrataTable strata,
      SparkSession spark,
      TrackingServer server,
      DatasetConfig dataset,
      Optional<LocalTeacher> source) {
    String root = runs.root().uri();
    Coverage coverage =
        Coverage.of(spark, root, source.map(t -> Prompts.keys(spark, root, dataset, t.spec())));
    coverage.warning().ifPresent(log::warn);
    table.write(summary, coverage, strata, server.uri().toString());
    log.info("Wrote {}", summary);
  }

  private void requireOptions() {
    split.checked();
    canary.terms();
    if (engines && !Provider.TENSORRT.there()) {
      throw new ConfigException(
          "Cannot score engines: this build's ONNX Runtime runs on "
              + Provider.built()
              + " alone. Build it with STILLHOUSE_MAVEN_ARGS=-Pgpu bin/stillhouse build, on Linux"
              + " x86-64 with CUDA 12 and TensorRT 10, or leave --engines out");
    }
  }
}
