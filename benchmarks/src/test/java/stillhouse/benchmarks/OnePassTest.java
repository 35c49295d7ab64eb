package stillhouse.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openjdk.jmh.runner.BenchmarkList;
import stillhouse.identity.Sha256;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.teacher.TeacherPool;
import stillhouse.tensor.DType;

/** Every benchmark once, small, so that none rots; JMH itself is not run. */
class OnePassTest {
  @TempDir Path folder;

  /** The two-layer segmenter of teacher-cache's tests. */
  private LocalTeacher small() throws IOException {
    Path file =
        Path.of("../teacher-cache/src/test/resources/reference/teacher/small-segmenter.onnx")
            .toRealPath();
    Path yaml =
        Files.writeString(
            folder.resolve("small.yaml"),
            """
            name: small
            engine: onnxruntime
            files: {encoder: {source: "file:%s", sha256: %s}}
            input:
              {height: 32, width: 32, batch: 2, resize: direct, scale: "0..1", mean: [0, 0, 0], std: [1, 1, 1]}
            layers: {embedding: features}
            """
                .formatted(file, Sha256.ofFile(file)));
    return TeacherFiles.resolve(TeacherConfig.load(yaml), folder);
  }

  @Test
  void structureMapsAreFoundAtTheFeaturesSize() {
    var benchmark = new StructureMapBenchmark();
    benchmark.channels = 3;
    benchmark.side = 12;
    benchmark.radius = 2;
    benchmark.draw();

    var maps = benchmark.maps();
    assertThat(maps.e().shape()).containsExactly(12, 12);
    // Reflection leaves no gradient in a corner; random features have one elsewhere.
    assertThat(maps.e().data()[0]).isZero();
    assertThat(maps.e().data()[13]).isPositive();
    assertThat(maps.d().data()).doesNotContain(0f);
  }

  @Test
  void masksAreCountedInEveryClass() {
    var benchmark = new MaskCounterBenchmark();
    benchmark.side = 128;
    benchmark.classes = 2;
    benchmark.draw();

    var counts = benchmark.count();
    assertThat(counts.area(1).actual()).isPositive();
    assertThat(counts.area(2).predicted()).isPositive();
  }

  @ParameterizedTest
  @EnumSource
  void tensorsComeBackAsTheyWent(DType type) {
    var benchmark = new TensorColumnBenchmark();
    benchmark.channels = 2;
    benchmark.side = 8;
    benchmark.type = type;
    benchmark.draw();

    assertThat(benchmark.encode().size()).isEqualTo(6);
    assertThat(benchmark.decode().shape()).containsExactly(2, 8, 8);
  }

  @Test
  void theSoakCountsItsImagesAndWritesALineEverySoMany() throws IOException {
    LocalTeacher teacher = small();
    var csv = new ByteArrayOutputStream();

    long unreadable = new EncodeSoak(teacher, 2000, new PrintStream(csv, false, UTF_8)).run(2500);

    assertThat(unreadable).isEqualTo(25);
    assertThat(csv.toString(UTF_8).lines().map(line -> line.replaceAll(",.*", "")))
        .containsExactly("images", "2000");
    TeacherPool.shared().closeAll();
  }

  @Test
  void theAnnotationProcessorListedEveryBenchmark() {
    assertThat(BenchmarkList.defaultList().getAll(null, List.of()))
        .extracting(entry -> entry.getUsername().replace("stillhouse.benchmarks.", ""))
        .containsExactlyInAnyOrder(
            "MaskCounterBenchmark.count",
            "StructureMapBenchmark.maps",
            "TensorColumnBenchmark.decode",
            "TensorColumnBenchmark.encode");
  }

  @Test
  void peerProgramWritesTheMapsOfAConstantFeatureAsZeros() throws IOException {
    Path in = Files.write(folder.resolve("in"), new byte[2 * 5 * 5 * Float.BYTES]);
    Path out = folder.resolve("out");

    PeerProgram.run("structure", in.toString(), out.toString(), "2", "2", "5", "1");

    assertThat(Files.readAllBytes(out)).hasSize(3 * 5 * 5 * Float.BYTES).containsOnly(0);
  }

  @Test
  void peerProgramWritesTheCountsOfEqualMasks() throws IOException {
    byte[] masks = new byte[2 * 16];
    masks[5] = 1;
    masks[16 + 5] = 1;
    Path in = Files.write(folder.resolve("in"), masks);
    Path out = folder.resolve("out");

    PeerProgram.run("masks", in.toString(), out.toString(), "1", "1", "4");

    var counts = ByteBuffer.wrap(Files.readAllBytes(out)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 12; i++) { // foreground and class 1, area and boundary, three counts each
      assertThat(counts.getLong()).isEqualTo(1);
    }
    assertThat(counts.hasRemaining()).isFalse();
  }

  @Test
  void boundaryPairsAreCountedAndTimed() throws IOException {
    byte[] masks = new byte[2 * 2 * 16];
    masks[5] = 1; // of the first pair the prediction, of the second both
    masks[32 + 5] = 1;
    masks[48 + 5] = 1;
    Path in = Files.write(folder.resolve("in"), masks);
    Path out = folder.resolve("out");

    double rate = BoundaryPairs.run(in.toString(), out.toString(), "4", "0", "0.001");

    assertThat(rate).isPositive();
    var counts = ByteBuffer.wrap(Files.readAllBytes(out)).order(ByteOrder.LITTLE_ENDIAN);
    long[] found = new long[6];
    counts.asLongBuffer().get(found);
    assertThat(found).containsExactly(0, 1, 0, 1, 1, 1);
  }

  @Test
  void peerProgramNamesAKernelItDoesNotHave() throws IOException {
    Path in = Files.write(folder.resolve("in"), new byte[0]);

    assertThatThrownBy(() -> PeerProgram.run("sort", in.toString(), "out", "1"))
        .hasMessage("Invalid kernel: sort (must be structure or masks)");
  }
}
