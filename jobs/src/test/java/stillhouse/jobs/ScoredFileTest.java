package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.identity.Sha256;
import stillhouse.predict.OnnxSource;

/** Files of a run that executors must not be sent. models/tiny_segmenter.py has two classes. */
class ScoredFileTest {
  private static final Path ONNX = Path.of("../eval/src/test/resources/models/tiny_segmenter.onnx");
  @TempDir Path root;
  private Path run;

  @BeforeEach
  void makeRun() throws IOException {
    run = Files.createDirectories(root.resolve("runs/small"));
    Files.copy(ONNX, run.resolve(RunRecord.ONNX));
  }

  @Test
  void aFileOfAnotherClassCountThanTheDataSetIsRefusedWithBoth() throws IOException {
    var file = new ScoredFile(run, Variant.FP32);
    requireFits(file, "red, green");
    assertThatThrownBy(() -> requireFits(file, "red, green, blue"))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot evaluate "
                + run.resolve(RunRecord.ONNX)
                + ": it was trained on classes [red, green], data set plates has [red, green, blue]."
                + " Give the data set that it was trained on (--data), or other runs (--run).");
  }

  @Test
  void aFileThatIsCutShortIsRefusedWithTheCommandThatWritesItAgain() throws IOException {
    byte[] whole = Files.readAllBytes(ONNX);
    for (Variant variant : List.of(Variant.FP32, Variant.INT8_CPU)) {
      Files.write(run.resolve(variant.file()), Arrays.copyOf(whole, whole.length / 2));
      var file = new ScoredFile(run, variant);
      assertThatThrownBy(() -> requireFits(file, "red, green"))
          .isInstanceOf(ConfigException.class)
          .hasMessageStartingWith(
              "Cannot evaluate " + file.name("small") + ": Cannot load model " + file.require())
          .hasMessageEndingWith(
              "bin/stillhouse export --root "
                  + root
                  + " --run small "
                  + (variant == Variant.FP32 ? "--force" : "--variants int8-cpu"));
    }
  }

  @Test
  void aFileThatWasMadeFromAnotherFp32FileIsRefused() throws IOException {
    assertThat(ScoredFile.others(run)).isEmpty();
    assertThatThrownBy(() -> ScoredFile.of(run, Variant.FP16))
        .hasMessageContaining("No file of variant fp16 in " + run);
    Files.copy(ONNX, run.resolve(Variant.FP16.file()));
    note("0".repeat(64));
    assertThatThrownBy(() -> ScoredFile.others(run))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot use student.fp16.onnx of "
                + run
                + ": it was made from another FP32 file than the one that is there. Export it again"
                + " with --variants fp16, or remove variants.json.");
    note(Sha256.ofFile(ONNX).hex());
    assertThat(ScoredFile.of(run, Variant.FP16).suffix()).isEqualTo("_fp16");
  }

  private void note(String of) {
    VariantNote.write(run, List.of(VariantNotes.of(Variant.FP16, 1, "s", of)));
  }

  private void requireFits(ScoredFile file, String classes) throws IOException {
    Path yaml =
        Files.writeString(
            root.resolve("data.yaml"),
            """
            name: plates
            classes: [%s]
            sources:
              - images: images
                masks: masks
                split: hash
            input: {height: 96, width: 96}
            """
                .formatted(classes));
    file.requireFits(
        OnnxSource.of(file.require(), 1),
        DatasetConfig.load(yaml, Map.of()),
        CommandLine.populateCommand(new RootOption(), "--root=" + root));
  }
}
