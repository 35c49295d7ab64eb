package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import stillhouse.conf.ConfigException;
import stillhouse.teacher.TeacherException;
import stillhouse.train.CheckpointException;
import stillhouse.train.TrainingException;

class FailureTest {
  private static final String BARRIER =
      """
      Job aborted due to stage failure: Could not recover from a failed barrier ResultStage. \
      Most recent failure reason: Stage failed because barrier task ResultTask(5, 0) finished unsuccessfully.
      %s
      \tat stillhouse.train.RankTask.call(RankTask.java:71)
      \tat org.apache.spark.rdd.RDDBarrier.f(RDDBarrier.scala:58)
      Caused by: %s
      \tat stillhouse.train.BatchLoader.next(BatchLoader.java:40)
      \t... 12 more
      """;

  @Test
  void whatTheUserCanMendIsFoundBelowSparksException() {
    var thrown = new TeacherException("Cannot open teacher t: no file f");
    var spark = new SparkException("Job aborted due to stage failure: Task 3 …", thrown);
    assertThat(Failure.of(spark)).isEqualTo(new Failure("Cannot open teacher t: no file f", true));
  }

  @Test
  void theOuterOfTwoSentencesSaysWhichFile() {
    var inner = new ConfigException("no value for ${A}");
    var outer = new ConfigException("Invalid configuration f.yaml: no value for ${A}", inner);
    assertThat(Failure.of(outer).message()).startsWith("Invalid configuration f.yaml");
  }

  @Test
  void aBarrierStagesTextGivesItsRoot() {
    String text =
        BARRIER.formatted(
            "stillhouse.train.TrainingException: Rank 0 failed at step 3",
            "java.io.EOFException: part 3 is cut off");
    var thrown = new TrainingException("Run 'x' gave up. The last failure: " + text, cause(text));
    assertThat(Failure.of(thrown))
        .isEqualTo(new Failure("Rank 0 failed at step 3: part 3 is cut off", false));
  }

  @Test
  void aBarrierStagesTextWithoutOursGivesItsOuterAndItsRoot() {
    String text =
        BARRIER.formatted(
            "java.lang.IllegalStateException: closed", "java.io.EOFException: part 3 is cut off");
    assertThat(Failure.of(cause(text))).isEqualTo(new Failure("closed: part 3 is cut off", false));
  }

  @Test
  void anErrorsMessageComesWithItsName() {
    String text =
        BARRIER.formatted(
            "java.lang.NoClassDefFoundError: a/B", "java.lang.ClassNotFoundException: a.B");
    assertThat(Failure.of(cause(text)).message()).isEqualTo("NoClassDefFoundError: a/B: a.B");
  }

  @Test
  void mendableInTextStaysMendable() {
    String text =
        BARRIER.formatted(
            "java.lang.IllegalStateException: closed",
            "stillhouse.teacher.TeacherException: No GPU here\nSet device: cpu");
    assertThat(Failure.of(cause(text)))
        .isEqualTo(new Failure("No GPU here\nSet device: cpu", true));
  }

  @Test
  void aRefusalToTrainIsMendableAndGivingUpIsNot() {
    assertThat(Failure.of(new TrainingException("Cannot train with 8 ranks")).mendable()).isTrue();
    assertThat(Failure.of(new TrainingException("gave up", new IOException("x"))))
        .isEqualTo(new Failure("gave up: x", false));
  }

  @Test
  void aRefusedCheckpointIsMendableAndAnUnreadableOneIsNot() {
    var refused = new CheckpointException("Cannot resume from checkpoint c: it is of another run");
    assertThat(Failure.of(refused)).isEqualTo(new Failure(refused.getMessage(), true));
    var unreadable = new CheckpointException("Cannot list c", new IOException("disk gone"));
    assertThat(Failure.of(unreadable)).isEqualTo(new Failure("Cannot list c: disk gone", false));
  }

  @Test
  void aSentenceThatNamesAnExceptionIsKeptWhole() {
    var thrown = new IllegalStateException("Cannot list x: java.io.IOException: no folder");
    assertThat(Failure.of(thrown).message()).isEqualTo(thrown.getMessage());
  }

  @Test
  void anythingElseNamesItsRootToo() {
    var thrown = new UncheckedIOException("Cannot write run.json", new IOException("disk full"));
    assertThat(Failure.of(thrown))
        .isEqualTo(new Failure("Cannot write run.json: disk full", false));
    assertThat(Failure.of(new NullPointerException()).message())
        .isEqualTo("java.lang.NullPointerException");
  }

  private static SparkException cause(String text) {
    return new SparkException(text);
  }

  @Test
  void aDamagedFileOfATableIsNamedWithWhatMendsIt() {
    var gone =
        new SparkException(
            "Job aborted.",
            new FileNotFoundException(
                "File file:/data/my runs/tables/samples/part-0.snappy.parquet does not exist\nIt is"
                    + " possible the underlying files have been updated."));
    assertThat(Failure.of(gone))
        .isEqualTo(
            new Failure(
                "Cannot read table file file:/data/my runs/tables/samples/part-0.snappy.parquet:"
                    + " File file:/data/my runs/tables/samples/part-0.snappy.parquet does not"
                    + " exist. It is damaged: 'verify' says what else is, 'refresh --repair' takes"
                    + " damaged files out and reads their images again.",
                true));
    var spoilt =
        new SparkException(
            "Encountered error while reading file hdfs://n/w/cache/answers/part-1.zstd.parquet.",
            new IOException("could not verify page integrity"));
    assertThat(Failure.of(spoilt).message())
        .startsWith("Cannot read cache file hdfs://n/w/cache/answers/part-1.zstd.parquet: could")
        .contains("'cache --repair' (or 'refresh --repair')");
  }
}
