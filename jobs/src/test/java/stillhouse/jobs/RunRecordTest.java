package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

class RunRecordTest {
  private static final Sha256 IDENTITY = Sha256.of(new byte[] {1});
  private static final Sha256 OTHER = Sha256.of(new byte[] {2});

  /** As runs were recorded before they had an identity. */
  private static final String OLDER =
      """
      {
        "name": "tiny-conv.sard.s0", "recipe": "sard", "student": "tiny-conv", "dataset": "plates",
        "recipeFile": "recipe.yaml", "studentFile": "student.yaml", "classes": ["scratch"],
        "height": 96, "width": 96, "view": "file:/views/v", "viewDigest": "v",
        "weightsDigest": "w", "rankDigests": ["w"], "checkpoint": "file:/checkpoints/c",
        "seed": 0, "labels": 1.0, "ranks": 1, "epochs": 3, "steps": 9, "seconds": 1.5,
        "parameters": 7, "mlflowRun": "m", "losses": {"dice": 0.5}
      }
      """;

  @TempDir Path folder;

  @Test
  void aRecordFromBeforeIdentitiesIsRead() throws IOException {
    RunRecord record = older();
    assertThat(record.identity()).isEmpty();
    assertThat(record.name()).isEqualTo("tiny-conv.sard.s0");
    assertThat(record.losses()).containsEntry("dice", 0.5);
  }

  @Test
  void aRecordFromBeforeIdentitiesIsNotTakenForTheRunAskedFor() throws IOException {
    RunRecord record = older();
    assertThatThrownBy(() -> record.requireIdentity(IDENTITY, folder, "file:/checkpoints/c"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Cannot tell whether run tiny-conv.sard.s0 in " + folder)
        .hasMessageContaining("its run.json names no identity (an older version wrote it)")
        .hasMessageContaining("Give another --name, or remove " + folder)
        .hasMessageContaining(" and file:/checkpoints/c to train it anew")
        .hasMessageContaining("add \"identity\" : \"" + IDENTITY + "\" to that file");
  }

  @Test
  void anIdentityAddedByHandIsTaken() throws IOException {
    RunRecord record =
        read(OLDER.replace("\"losses\"", "\"identity\" : \"" + IDENTITY + "\", \"losses\""));
    assertThatCode(() -> record.requireIdentity(IDENTITY, folder, "c")).doesNotThrowAnyException();
  }

  @Test
  void aRunOfOtherTermsIsRefusedNamingBothIdentities() throws IOException {
    RunRecord record =
        read(OLDER.replace("\"losses\"", "\"identity\" : \"" + IDENTITY + "\", \"losses\""));
    assertThatThrownBy(() -> record.requireIdentity(OTHER, folder, "file:/checkpoints/c"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Cannot take run tiny-conv.sard.s0 in " + folder)
        .hasMessageContaining("its identity is " + IDENTITY + ", this command's is " + OTHER)
        .hasMessageContaining(
            "(recipe, student, data, its cache settings, labels, verdicts, seed or plan differ)")
        .hasMessageContaining("Give another --name, or remove " + folder);
  }

  @Test
  void anMlflowRunThatWasMadeLaterChangesNothingElse() throws IOException {
    RunRecord record = older();
    RunRecord later = record.withMlflowRun("n");
    assertThat(later.mlflowRun()).isEqualTo("n");
    assertThat(later.withMlflowRun("m")).isEqualTo(record);
    later.write(folder);
    assertThat(RunRecord.read(folder)).isEqualTo(later);
  }

  private RunRecord older() throws IOException {
    return read(OLDER);
  }

  private RunRecord read(String json) throws IOException {
    Files.writeString(folder.resolve(RunRecord.FILE), json);
    return RunRecord.read(folder);
  }
}
