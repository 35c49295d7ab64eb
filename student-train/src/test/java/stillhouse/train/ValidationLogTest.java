package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;
import stillhouse.student.Weights;
import stillhouse.train.EpochGate.Decision;

class ValidationLogTest {
  private static final Configuration HADOOP = new Configuration();
  private static final Sha256 IDENTITY = Sha256.of(new byte[] {1});
  private static final String OF = "iou on val";
  private static final ValidationSettings SETTINGS = new ValidationSettings(1, null, null, 2, null);

  @TempDir Path folder;
  private NDManager manager;
  private Weights weights;
  private AdamW optimizer;
  private Checkpoints checkpoints;
  private Attempt attempt;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
    weights = new Weights(manager, 5);
    new TinyStudent(weights);
    optimizer = new AdamW(manager, weights, 0.01);
    checkpoints = new Checkpoints(folder.toString(), 2, HADOOP);
    attempt = checkpoints.attempts().begin();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /**
   * Each look is noted by a log of its own, as by a driver that knows nothing of the one before.
   */
  @Test
  void keepsTheBestBesidesTheNewestAndEndsTheRunOverManyDrivers() throws IOException {
    List<Double> scores = List.of(0.2, 0.5, 0.4, 0.1);
    for (int epoch = 1; epoch <= scores.size(); epoch++) {
      Checkpoint at = trained(epoch);
      ValidationLook noted = log().note(look(at, OF, scores.get(epoch - 1)), at, attempt);
      assertThat(noted.decision()).isEqualTo(epoch < 4 ? Decision.CONTINUE : Decision.STOP);
      assertThat(log().at(at, OF)).contains(noted);
    }
    assertThat(folders())
        .containsExactly(
            "epoch-000002-step-000000-attempt-000001",
            "epoch-000003-step-000000-attempt-000001",
            "epoch-000004-step-000000-attempt-000001");
    Checkpoint best = checkpoints.best().orElseThrow();
    assertThat(best.position()).isEqualTo(new Position(2, 0));
    assertThat(checkpoints.latest().orElseThrow().position()).isEqualTo(new Position(4, 0));
    assertThat(checkpoints.holding(best.weightDigest()).orElseThrow().folder())
        .isEqualTo(best.folder());
    assertThat(log().history(OF).looks()).extracting(ValidationLook::score).isEqualTo(scores);
  }

  @Test
  void theBestBeforeGoesWithTheNextCheckpoint() throws IOException {
    for (int epoch = 1; epoch <= 4; epoch++) {
      Checkpoint at = trained(epoch);
      log().note(look(at, OF, 0.1 * epoch), at, attempt);
    }
    assertThat(folders()).hasSize(2);
    assertThat(checkpoints.best().orElseThrow().position().epoch()).isEqualTo(4);
  }

  @Test
  void looksAtOtherImagesAreNotCompared() {
    Checkpoint first = trained(1);
    log().note(look(first, OF, 0.9), first, attempt);
    Checkpoint second = trained(2);
    String other = "iou on test";
    assertThat(log().at(first, other)).isEmpty();
    log().note(look(second, other, 0.1), second, attempt);
    assertThat(log().history(other).best().orElseThrow().epoch()).isEqualTo(2);
    assertThat(checkpoints.best().orElseThrow().position().epoch()).isEqualTo(2);
  }

  @Test
  void aLookThatEndedTheRunStandsWhateverItIsOf() {
    Checkpoint at = null;
    for (int epoch = 1; epoch <= 3; epoch++) {
      at = trained(epoch);
      log().note(look(at, OF, 0.5), at, attempt);
    }
    assertThat(log().at(at, "iou on test").orElseThrow().decision()).isEqualTo(Decision.STOP);
  }

  @Test
  void aDamagedLookIsNamed() throws IOException {
    Checkpoint at = trained(1);
    log().note(look(at, OF, 0.5), at, attempt);
    Path file;
    try (var all = Files.list(folder.resolve("validation"))) {
      file = all.filter(f -> f.toString().endsWith(".json")).findFirst().orElseThrow();
    }
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    Files.writeString(file, "{");
    assertThatThrownBy(() -> log().history(OF))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("Cannot read file:" + file + ": ")
        .hasMessageEndingWith("Remove it: its epoch is looked at again");
  }

  /** Two drivers of one run, whose newer one has looked at nothing yet. */
  @Test
  void anOlderDriverMarksAndNotesNothingOnceANewerOneHasBegun() throws IOException {
    Checkpoint first = trained(1);
    log().note(look(first, OF, 0.2), first, attempt);
    Checkpoint second = trained(2);
    Attempt newer = new Checkpoints(folder.toString(), 2, HADOOP).attempts().begin();
    ValidationLog older = log();
    assertThatThrownBy(() -> older.note(look(second, OF, 0.9), second, attempt))
        .isInstanceOf(SupersededException.class)
        .hasMessageStartingWith("Cannot note the look at epoch 2 at " + folder)
        .hasMessageContaining("attempt 1 is over, attempt 2 has begun. Another driver trains");
    assertThatThrownBy(() -> checkpoints.keepBest(second, attempt))
        .isInstanceOf(SupersededException.class)
        .hasMessageStartingWith("Cannot mark checkpoint " + second.folder() + " as the best at ");
    assertThat(checkpoints.best().orElseThrow().folder()).isEqualTo(first.folder());
    assertThat(log().history(OF).looks()).hasSize(1);

    log().note(look(second, OF, 0.9), second, newer);
    assertThat(checkpoints.best().orElseThrow().folder()).isEqualTo(second.folder());
  }

  /** As on HDFS, where a file is renamed over no other. */
  @Test
  void aLookStandsAsTheFirstThatNotedItSaid() throws IOException {
    Configuration strict = new Configuration();
    strict.set("fs.strict.impl", StrictRenames.class.getName());
    var log = new ValidationLog("strict://" + folder, SETTINGS, strict);
    trained(1);
    Checkpoint at = new Checkpoints("strict://" + folder, 2, strict).latest().orElseThrow();
    ValidationLook first = log.note(look(at, OF, 0.5), at, attempt);
    ValidationLook again =
        new ValidationLook(1, at.steps(), first.weights(), OF, 0.6, Map.of(), Decision.CONTINUE, 2);
    assertThat(log.note(again, at, attempt)).isEqualTo(first);
    assertThat(log.history(OF).looks()).containsExactly(first);
    try (var all = Files.list(folder.resolve("validation"))) {
      assertThat(all.map(Path::toString)).noneMatch(f -> f.endsWith(".part"));
    }
  }

  private ValidationLog log() {
    return new ValidationLog(folder.toString(), SETTINGS, HADOOP);
  }

  private Checkpoint trained(int epoch) {
    Tensors.fill(weights.get("student.seen"), new float[] {epoch});
    checkpoints.write(
        Checkpoints.State.of(weights, optimizer, 0),
        new Position(epoch, 0),
        1,
        WeightDigest.of(weights),
        IDENTITY);
    return checkpoints.latest().orElseThrow();
  }

  private static ValidationLook look(Checkpoint at, String of, double score) {
    return new ValidationLook(
        at.position().epoch(),
        at.steps(),
        at.weightDigest().hex(),
        of,
        score,
        Map.of("val/iou", score),
        Decision.CONTINUE,
        1);
  }

  private List<String> folders() throws IOException {
    try (var all = Files.list(folder)) {
      return all.map(f -> f.getFileName().toString())
          .filter(f -> f.startsWith("epoch-"))
          .sorted()
          .toList();
    }
  }
}
