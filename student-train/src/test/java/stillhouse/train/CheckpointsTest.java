package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;
import stillhouse.student.Weights;

class CheckpointsTest {
  private static final Configuration HADOOP = new Configuration();
  private static final Sha256 IDENTITY = Sha256.of(new byte[] {1});
  private static final Sha256 OTHER = Sha256.of(new byte[] {2});

  @TempDir Path folder;
  private NDManager manager;
  private Weights weights;
  private AdamW optimizer;
  private Checkpoints checkpoints;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
    weights = new Weights(manager, 5);
    new TinyStudent(weights);
    optimizer = new AdamW(manager, weights, 0.01);
    checkpoints = new Checkpoints(folder.toString(), 2, HADOOP);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void findsTheFurthestAndKeepsTheLastTwo() throws IOException {
    assertThat(checkpoints.latest()).isEmpty();
    int attempt = checkpoints.attempts().begin().number();
    for (Position p : List.of(new Position(1, 0), new Position(1, 5), new Position(11, 0))) {
      write(p, attempt);
    }
    assertThat(checkpoints.latest().orElseThrow().position()).isEqualTo(new Position(11, 0));
    assertThat(folders()).hasSize(2).noneMatch(f -> f.startsWith("epoch-000001-step-000000"));
  }

  @Test
  void ignoresWhatIsNotCommitted() throws IOException {
    int attempt = checkpoints.attempts().begin().number();
    write(new Position(1, 0), attempt);
    write(new Position(2, 0), attempt);
    Files.delete(only("epoch-000002").resolve("COMMITTED"));
    assertThat(checkpoints.latest().orElseThrow().position()).isEqualTo(new Position(1, 0));
  }

  @Test
  void refusesAChangedFileNamingItAndBothDigests() throws IOException {
    write(new Position(1, 0), checkpoints.attempts().begin().number());
    Path file = only("epoch-000001").resolve("weights.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    overwrite(file, bytes);
    assertThatThrownBy(() -> checkpoints.latest())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("Cannot use checkpoint file file:" + file)
        .hasMessageContaining("its SHA-256 is ")
        .hasMessageContaining("COMMITTED says ")
        .hasMessageContaining("Remove the folder");
  }

  @Test
  void refusesAnOlderAttempt() {
    int first = checkpoints.attempts().begin().number();
    int second = checkpoints.attempts().begin().number();
    assertThat(second).isEqualTo(first + 1);
    assertThatThrownBy(() -> write(new Position(1, 0), first))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("attempt 1 is over, attempt 2 has begun");
    write(new Position(1, 0), second);
    assertThat(checkpoints.latest().orElseThrow().attempt()).isEqualTo(2);
  }

  @Test
  void aDriverGoesOnAfterItsOwnAttemptAndNotAfterAnothers() {
    Attempts attempts = checkpoints.attempts();
    Attempt own = attempts.after(attempts.begin());
    assertThat(own.number()).isEqualTo(2);
    Attempt others = new Checkpoints(folder.toString(), 2, HADOOP).attempts().begin();
    assertThat(others.number()).isEqualTo(3);
    assertThatThrownBy(() -> attempts.after(own))
        .isInstanceOf(SupersededException.class)
        .hasMessage(
            "Cannot go on at %s: attempt 2 is over, attempt 3 has begun. Another driver trains this run: this one ends, and nothing is to be done but to let the other go on."
                .formatted(folder));
    assertThat(attempts.after(others).number()).isEqualTo(4);
  }

  @Test
  void keepsTheSecondsOfTheStepsThatItCameFrom() {
    int attempt = checkpoints.attempts().begin().number();
    checkpoints.write(
        Checkpoints.State.of(weights, optimizer, 0).took(12.5),
        new Position(1, 0),
        attempt,
        WeightDigest.of(weights),
        IDENTITY);
    Checkpoint first = checkpoints.latest().orElseThrow();
    assertThat(first.seconds()).isEqualTo(12.5);
    assertThat(StepClock.after(Optional.of(first)).stop()).isBetween(12.5, 22.5);
    assertThat(StepClock.after(Optional.empty()).stop()).isBetween(1e-9, 10.0);
    write(new Position(2, 0), attempt); // as an older version, which kept none
    assertThat(StepClock.after(checkpoints.latest()).stop()).isZero();
  }

  @Test
  void refusesToResumeFromAnotherRunsCheckpointNamingBothIdentities() throws IOException {
    write(new Position(1, 0), checkpoints.attempts().begin().number());
    assertThat(checkpoints.latest(IDENTITY).orElseThrow().position()).isEqualTo(new Position(1, 0));
    assertThatThrownBy(() -> checkpoints.latest(OTHER))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(
            "Cannot resume from checkpoint file:" + only("epoch-000001") + ": it is of a run of ")
        .hasMessageContaining("identity " + IDENTITY + " (" + Checkpoints.DIFFER + ")")
        .hasMessageContaining("this run's identity is " + OTHER)
        .hasMessageContaining("Give this run another --name, or remove the folder " + folder);
  }

  @Test
  void aCheckpointFromBeforeIdentitiesIsReadButNotResumedFrom() throws IOException {
    write(new Position(1, 0), checkpoints.attempts().begin().number());
    Path marker = only("epoch-000001").resolve("COMMITTED");
    String text = Files.readString(marker);
    String older = text.replaceAll(",\\s*\"identity\" : \"[0-9a-f]{64}\"", "");
    assertThat(older).isNotEqualTo(text);
    overwrite(marker, older.getBytes(StandardCharsets.UTF_8));

    assertThat(checkpoints.latest().orElseThrow().weightDigest())
        .isEqualTo(WeightDigest.of(weights));
    assertThatThrownBy(() -> checkpoints.latest(IDENTITY))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("it names no identity of its run (it was written before")
        .hasMessageContaining("this run's identity is " + IDENTITY)
        .hasMessageContaining("Give this run another --name, or remove the folder");
  }

  @Test
  void restoresWeightsBuffersAndOptimizer() {
    optimizer.setSteps(17);
    Tensors.fill(optimizer.state().get("second.student.second.bias"), new float[] {3, 4});
    Tensors.fill(weights.get("student.seen"), new float[] {0.25f});
    write(new Position(1, 0), checkpoints.attempts().begin().number());
    var digest = WeightDigest.of(weights);

    try (Weights other = new Weights(manager, 6);
        AdamW restored = new AdamW(manager, withStudent(other), 0.01)) {
      assertThat(WeightDigest.of(other)).isNotEqualTo(digest);
      Checkpoint latest = checkpoints.latest().orElseThrow();
      latest.restore(other);
      latest.restore(restored, 0);
      assertThat(WeightDigest.of(other)).isEqualTo(digest);
      assertThat(restored.steps()).isEqualTo(17);
      assertThat(restored.state().get("second.student.second.bias").toFloatArray())
          .containsExactly(3, 4);
    }
  }

  /** An executor may run a later part of a run in a thread of its own; torch records in each. */
  @Test
  void restoresInAThreadThatDidNotLoadTheEngine() {
    write(new Position(1, 0), checkpoints.attempts().begin().number());
    Checkpoint written = checkpoints.latest().orElseThrow();
    assertThatCode(
            () ->
                CompletableFuture.runAsync(
                        () -> written.restore(weights), task -> new Thread(task).start())
                    .join())
        .doesNotThrowAnyException();
  }

  @Test
  void refusesAnotherStudentsWeights() {
    write(new Position(1, 0), checkpoints.attempts().begin().number());
    try (Weights other = new Weights(manager, 6)) {
      withStudent(other).constant("projection.weight", 0, 3);
      assertThatThrownBy(() -> checkpoints.latest().orElseThrow().restore(other))
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("it lacks [projection.weight] and has [] besides");
    }
  }

  private static Weights withStudent(Weights weights) {
    new TinyStudent(weights);
    return weights;
  }

  private void write(Position position, int attempt) {
    checkpoints.write(
        Checkpoints.State.of(weights, optimizer, 0),
        position,
        attempt,
        WeightDigest.of(weights),
        IDENTITY);
  }

  /** Through Hadoop, so that its own checksum file agrees with the changed bytes. */
  private static void overwrite(Path file, byte[] bytes) throws IOException {
    try (var out =
        FileSystem.getLocal(HADOOP).create(new org.apache.hadoop.fs.Path(file.toUri()), true)) {
      out.write(bytes);
    }
  }

  private List<String> folders() throws IOException {
    try (var all = Files.list(folder)) {
      return all.map(f -> f.getFileName().toString()).filter(f -> f.startsWith("epoch-")).toList();
    }
  }

  private Path only(String prefix) throws IOException {
    return folders().stream()
        .filter(f -> f.startsWith(prefix))
        .map(folder::resolve)
        .findFirst()
        .orElseThrow();
  }
}
