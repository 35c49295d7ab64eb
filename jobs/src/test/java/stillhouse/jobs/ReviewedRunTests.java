package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.mlflow.tracking.MlflowClient;
import stillhouse.cache.CacheTables;
import stillhouse.cache.ReviewTable;
import stillhouse.conf.ConfFiles;
import stillhouse.identity.Sha256;
import stillhouse.student.StudentConfig;
import stillhouse.train.BarrierTraining;
import stillhouse.train.DecoderWeights;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.SampleKey;
import stillhouse.train.SampleWeights;
import stillhouse.train.TrainingListener;
import stillhouse.train.TrainingMetrics;
import stillhouse.train.TrainingPlan;
import stillhouse.train.TrainingReport;
import stillhouse.train.TrainingReports;
import stillhouse.train.TrainingRun;

/** What reviews find and verdicts change, in a workspace that others test with, too. */
interface ReviewedRunTests {
  String TAUGHT = "tiny-conv.naive-logit.s0"; // is trained
  String TRAINING = "--epochs=1 --batch=4 --ranks=4 --learning-rate=1e-3";

  Workbench bench();

  /** The option that names the teacher. */
  String teacher();

  @Test
  default void aReviewFindsEachDisagreementOnceAndDrawsTheWorst() throws Exception {
    String[] review = {
      "review",
      bench().data(),
      bench().root(),
      bench().tracking(),
      teacher(),
      "--run=" + TAUGHT,
      "--worst=3"
    };
    bench().done(review);
    List<Row> rows = reviewed(TAUGHT);
    bench().done(review);
    assertThat(reviewed(TAUGHT)).isEqualTo(rows).hasSizeGreaterThan(3);
    assertThat(rows)
        .allSatisfy(
            row -> {
              assertThat(row.<Double>getAs("iou_student_teacher")).isLessThan(0.85);
              assertThat(row.<Double>getAs("iou_teacher_label")).isBetween(0.0, 1.0);
              assertThat(row.<Integer>getAs("epoch")).isEqualTo(1);
            });
    String page = "review/epoch-000001-train-absolute-0.15/worst-01.png";
    assertThat(rows.subList(0, 4))
        .as("by falling disagreement")
        .extracting(row -> row.<String>getAs("picture"))
        .containsExactly(page, page, page, null);
    assertThat(bench().runs().resolve(TAUGHT).resolve(page)).isNotEmptyFile();
    assertThat(
            bench()
                .artifacts(
                    bench().record(TAUGHT).mlflowRun(), "review/epoch-000001-train-absolute-0.15"))
        .contains("worst-01.png", ReviewSheets.VERDICTS);
  }

  private List<Row> reviewed(String run) {
    return bench()
        .spark()
        .read()
        .format("delta")
        .load(ReviewTable.path("file:" + bench().folder()))
        .where("run = '" + run + "'")
        .orderBy(col("disagreement").desc(), col("sample_id"))
        .collectAsList();
  }

  @Test
  default void verdictsAreTakenWholeOrNotAtAll() throws IOException {
    List<String> ids = trainingSamples(2);
    Set<String> before = verdictFiles();
    Workbench.Said said =
        bench()
            .said(
                verdicts(
                    "verdict,sample_id,weight",
                    "both-wrong," + ids.get(0) + ",",
                    "maybe," + ids.get(1) + ",",
                    "skip,nobody,",
                    "skip," + ids.get(0) + ",",
                    "both-wrong," + ids.get(1) + ",heavy"));
    assertThat(said.err())
        .startsWith("error: Cannot take the verdicts of file:")
        .contains("nothing was stored:")
        .containsSubsequence(
            "line 3: verdict 'maybe' (must be one of [agree-with-teacher, ",
            "line 4: sample 'nobody' is none of the workspace's",
            "line 5: sample '"
                + ids.get(0)
                + "' is judged more than once, and differently: both-wrong, skip (first in line 2)",
            "line 6: weight 'heavy' (must be a number of 0 to 1000)")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(verdictFiles()).isEqualTo(before);
    assertThat(bench().said(verdicts("sample,verdict")).err())
        .contains("its columns are [sample, verdict] (must be [sample_id, verdict], and may be");
  }

  /** Weights change, and what a run is; the view's files do not. */
  @Test
  default void verdictsChangeWhatARunIsAndNoRowOfItsView() throws Exception {
    List<String> ids = trainingSamples(3);
    Map<String, String> view = digests("cache/views");
    bench()
        .done(
            verdicts(
                "sample_id,verdict,weight,source,note",
                ids.get(0) + ",both-wrong,,vlm,\"blurred, dark\"",
                ids.get(1) + ",agree-with-teacher,3,,",
                ids.get(1) + ",agree-with-teacher,3,,",
                ids.get(2) + ",,,,"));
    bench().done(verdicts("sample_id,verdict", ids.get(0) + ",agree-with-student"));
    String spoken =
        bench()
            .spark()
            .read()
            .format("delta")
            .load(bench().folder() + "/tables/verdicts")
            .orderBy("sample_id", "revision")
            .toJSON()
            .collectAsList()
            .toString();
    assertThat(spoken).contains("blurred, dark").contains("\"revision\":2");
    String[] train = {
      "train",
      bench().data(),
      bench().root(),
      bench().tracking(),
      TRAINING,
      "--recipe=naive-logit --name=judged --verdicts --review-every=1",
      teacher()
    };
    bench().done(train);
    RunRecord judged = bench().record("judged");
    RunRecord plain = bench().record(TAUGHT);
    assertThat(judged.identity()).isNotEqualTo(plain.identity());
    assertThat(judged.weightsDigest()).isNotEqualTo(plain.weightsDigest());
    assertThat(judged.viewDigest()).isEqualTo(plain.viewDigest());
    assertThat(digests("cache/views")).isEqualTo(view);
    JsonNode used = bench().json("runs/judged/" + JudgedSamples.FILE);
    assertThat(used.get("verdicts").toString())
        .isEqualTo("{\"agree-with-student\":1,\"agree-with-teacher\":1}");
    assertThat(used.get("reweighted").asInt()).isEqualTo(2);
    assertThat(used.get("version").asLong()).isPositive();
    bench().done(verdicts("sample_id,verdict", ids.get(2) + ",both-wrong"));
    assertThat(bench().json("runs/judged/" + ReviewGate.FILE).get("epoch").asInt()).isEqualTo(1);
    Files.delete(bench().folder().resolve("runs/judged/" + RunRecord.FILE));
    bench().done(train);
    assertThat(bench().record("judged").identity())
        .as("goes by the verdicts it began with")
        .isEqualTo(judged.identity());
    assertThat(bench().record("judged").weightsDigest()).isEqualTo(judged.weightsDigest());
    assertThat(bench().record("judged").seconds())
        .as("of the steps that were kept")
        .isEqualTo(judged.seconds());
    assertThat(reviewed("judged")).isNotEmpty().allMatch(row -> row.<Integer>getAs("epoch") == 1);
    try (var client = new MlflowClient(bench().mlflow().uri())) {
      var told = client.getRun(judged.mlflowRun());
      assertThat(told.getData().getParamsList())
          .anyMatch(p -> p.getKey().equals("verdicts_digest"));
      assertThat(told.getData().getMetricsList())
          .anyMatch(m -> m.getKey().equals("review/train/flagged"));
      assertThat(client.getMetricHistory(judged.mlflowRun(), "review/train/flagged"))
          .as("the driver that went on did not look again")
          .hasSize(1);
      assertThat(told.getInputs().getDatasetInputsList())
          .extracting(d -> d.getDataset().getName())
          .contains("drawn-scenes-verdicts");
    }
    bench().done("export", bench().root(), bench().tracking(), "--run=judged");
    int before = reviewed("judged").size();
    bench()
        .done(
            "review",
            bench().data(),
            bench().root(),
            bench().tracking(),
            teacher(),
            "--run=judged");
    assertThat(reviewed("judged")).as("the exported file is the one reviewed").hasSize(before);
  }

  private Set<String> verdictFiles() throws IOException {
    return Files.exists(bench().folder().resolve("tables/verdicts"))
        ? bench().files("tables/verdicts")
        : Set.of();
  }

  private String[] verdicts(String... lines) throws IOException {
    Path file = Files.createTempFile(bench().folder(), "verdicts", ".csv");
    Files.write(file, List.of(lines));
    return new String[] {"review", bench().data(), bench().root(), "--verdicts=" + file};
  }

  private List<String> trainingSamples(int count) {
    return CacheTables.of("file:" + bench().folder())
        .samples(bench().spark())
        .where("split = 'train'")
        .orderBy("sample_id")
        .select("sample_id")
        .limit(count)
        .as(Encoders.STRING())
        .collectAsList();
  }

  private Map<String, String> digests(String below) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    for (String file : bench().files(below)) {
      digests.put(file, Sha256.ofFile(bench().folder().resolve(below).resolve(file)).hex());
    }
    return digests;
  }

  /** In a workspace of its own, whose samples are the same. */
  @Test
  default void verdictsMayBeATableOfParquetOrDelta() throws IOException {
    Path root = bench().folder().resolve("given");
    FileUtils.copyDirectory(
        bench().folder().resolve("tables").toFile(), root.resolve("tables").toFile());
    FileUtils.deleteQuietly(root.resolve("tables/verdicts").toFile());
    List<String> ids = trainingSamples(2);
    Dataset<Row> one =
        bench()
            .spark()
            .range(1)
            .select(lit(ids.get(0)).as("sample_id"), lit("both-wrong").as("verdict"));
    Path parquet = bench().folder().resolve("given.parquet");
    one.withColumn("weight", lit(0.5))
        .withColumn("source", lit("vlm"))
        .write()
        .parquet(parquet.toString());
    bench().done("review", bench().data(), "--root=" + root, "--verdicts=" + parquet);
    Path delta = bench().folder().resolve("given-delta");
    one.withColumn("sample_id", lit(ids.get(1)))
        .withColumn("verdict", lit("agree-with-teacher"))
        .write()
        .format("delta")
        .save(delta.toString());
    bench().done("review", bench().data(), "--root=" + root, "--verdicts=" + delta);

    List<Row> taken =
        bench()
            .spark()
            .read()
            .format("delta")
            .load(root + "/tables/verdicts")
            .orderBy("verdict")
            .select("sample_id", "verdict", "weight", "source")
            .collectAsList();
    assertThat(taken)
        .extracting(Row::mkString)
        .containsExactly(
            ids.get(1) + "agree-with-teachernullhuman", ids.get(0) + "both-wrong0.5vlm");

    Path strange = bench().folder().resolve("strange.parquet");
    one.withColumnRenamed("sample_id", "sample").write().parquet(strange.toString());
    Workbench.Said said =
        bench().said("review", bench().data(), "--root=" + root, "--verdicts=" + strange);
    assertThat(said.err())
        .startsWith("error: Cannot read --verdicts file:" + strange)
        .contains("its columns are [sample, verdict] (must be [sample_id, verdict], and may be")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
  }

  /** Each rank leaves out what enters later: four take the samples of one, epoch by epoch. */
  @Test
  default void aSampleEntersAtItsEpochOnEveryRank() {
    List<TrainingMetrics.Epoch> four = new ArrayList<>();
    TrainingReport report = entering("entering-4", 4, four);
    assertThat(report.rankDigests()).hasSize(4).containsOnly(report.weights().hex());
    long all = four.get(1).images();
    assertThat(four.get(0).images()).as("two enter at the second epoch").isEqualTo(all - 2);
    List<TrainingMetrics.Epoch> one = new ArrayList<>();
    entering("entering-1", 1, one);
    for (int epoch = 0; epoch < 2; epoch++) {
      assertThat(one.get(epoch).images()).isEqualTo(four.get(epoch).images());
      assertThat(one.get(epoch).loss()).isCloseTo(four.get(epoch).loss(), within(1e-4));
    }
  }

  /** Two epochs of a student whose batches don't see each other. */
  private TrainingReport entering(String id, int ranks, List<TrainingMetrics.Epoch> heard) {
    long[] keys = trainingSamples(2).stream().mapToLong(SampleKey::of).sorted().toArray();
    var weights = SampleWeights.of(keys, new float[] {1, 1}, new int[] {1, 1});
    var view = bench().folder().resolve("cache/views").resolve(bench().record(TAUGHT).viewDigest());
    var experiment =
        new Experiment(
            Recipe.load(ConfFiles.find("recipes", "naive-logit")),
            StudentConfig.load(ConfFiles.find("students", "tiny-conv-nonorm")),
            view.toString(),
            1,
            weights,
            DecoderWeights.NONE);
    var plan = new TrainingPlan(2, 4, 1e-3, 0.01, 0, Double.POSITIVE_INFINITY, 3);
    var run =
        new TrainingRun(
            id,
            bench().folder().resolve("checkpoints").resolve(id).toString(),
            ranks,
            plan,
            Sha256.of(id.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            2,
            0,
            1,
            60,
            1);
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void step(TrainingMetrics.Step metrics) {}

          @Override
          public void epoch(TrainingMetrics.Epoch metrics) {
            heard.add(metrics);
          }
        };
    try (var hearing = TrainingReports.listen(id, listener)) {
      return BarrierTraining.run(bench().spark(), run, experiment);
    }
  }
}
