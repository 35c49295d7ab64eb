package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

/** A real Python environment of an empty list, and a script that writes its input backwards. */
class ConversionTest {
  private static final String WEIGHTS = "weights";
  private static final String CONVERTED = "sthgiew";

  @TempDir Path folder;
  private final List<String> told = new ArrayList<>();

  @BeforeEach
  void writeToolsAndWeights() throws IOException {
    Files.createDirectories(tools());
    Files.writeString(tools().resolve("requirements.txt"), "# nothing\n");
    Files.writeString(
        tools().resolve("convert_teacher.py"),
        """
        import pathlib, sys
        network, weights, folder = sys.argv[1:]
        if network == "unknown":
            sys.exit("no such network")
        content = pathlib.Path(weights).read_text()[::-1]
        for part in ("encoder", "decoder"):
            pathlib.Path(folder, f"{network}-{part}.onnx").write_text(content)
        pathlib.Path(folder, f"{network}-decoder.safetensors").write_text(content + "!")
        print("converted", content)
        """);
    Files.writeString(folder.resolve("net.pt"), WEIGHTS);
  }

  @Test
  void convertsOnceAndKeepsWhatHasThePinnedDigest() throws IOException {
    TeacherConfig config = config("convert:net!net-encoder.onnx", WEIGHTS, CONVERTED);

    LocalTeacher teacher = fetch(config);

    assertThat(Path.of(teacher.encoder()))
        .hasContent(CONVERTED)
        .isEqualTo(cache().resolve(digest(CONVERTED)).resolve("net-encoder.onnx"));
    assertThat(told)
        .anyMatch(line -> line.startsWith("Making a Python environment of " + tools()))
        .anyMatch(line -> line.startsWith("Converting " + folder.resolve("net.pt") + " (net)"))
        .contains("converted " + CONVERTED);
    told.clear();
    assertThat(fetch(config)).isEqualTo(teacher);
    assertThat(told).containsExactly("Already there: " + teacher.encoder());

    keepsTheDecodersTensorsAndTheTeachersIdentity(config);
    refusesWhatIsNotTheOneThatIsMeant();
  }

  private void keepsTheDecodersTensorsAndTheTeachersIdentity(TeacherConfig plain)
      throws IOException {
    String tensors = CONVERTED + "!";
    TeacherConfig config =
        load(
            "original: {source: \"file:net.pt\", sha256: %s}\n  %s\n  decoder-weights: {source: \"convert:net!net-decoder.safetensors\", sha256: %s}"
                .formatted(
                    digest(WEIGHTS),
                    encoder("convert:net!net-encoder.onnx", CONVERTED),
                    digest(tensors)));
    assertThatThrownBy(() -> TeacherFiles.decoderWeights(config, cache()))
        .hasMessageEndingWith("Run: stillhouse teacher fetch small");
    assertThat(fetch(config).encoder()).isEqualTo(fetch(plain).encoder());
    assertThat(TeacherFiles.decoderWeights(config, cache())).hasContent(tensors);
    assertThat(config.spec()).isEqualTo(plain.spec());
    assertThatThrownBy(() -> TeacherFiles.decoderWeights(plain, cache()))
        .hasMessage(
            "Cannot read the decoder's weights of teacher small: its YAML has no"
                + " files.decoder-weights");
    Files.delete(TeacherFiles.decoderWeights(config, cache()));
    Files.delete(cache().resolve(digest(tensors)));
    told.clear();
  }

  /** In the environment that is there by now. */
  private void refusesWhatIsNotTheOneThatIsMeant() throws IOException {
    TeacherConfig other = config("convert:net!net-encoder.onnx", WEIGHTS, "another");
    assertThatThrownBy(() -> fetch(other))
        .hasMessageContaining("SHA-256 " + digest(CONVERTED) + ", expected " + digest("another"))
        .hasMessageContaining("the digest holds for the versions of tools/requirements.txt");
    assertThat(told).noneMatch(line -> line.startsWith("Making"));
    TeacherConfig weights = config("convert:net!net-encoder.onnx", "another weights", "another");
    assertThatThrownBy(() -> fetch(weights))
        .hasMessageContaining("Cannot use file " + folder.resolve("net.pt"));
    TeacherConfig name = config("convert:net!encoder.onnx", WEIGHTS, "another");
    assertThatThrownBy(() -> fetch(name))
        .hasMessageContaining("Cannot find encoder.onnx among what the conversion of net made");
    TeacherConfig network = config("convert:unknown!encoder.onnx", WEIGHTS, "another");
    assertThatThrownBy(() -> fetch(network))
        .hasMessageContaining("Cannot convert " + folder.resolve("net.pt"))
        .hasMessageEndingWith("ended with 1:\nno such network");
    try (Stream<Path> left = Files.list(cache())) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .as("no file of a failed run")
          .allMatch(file -> file.startsWith("python-") || file.equals(digest(CONVERTED)));
    }
  }

  @Test
  void saysWhereTheScriptIsMissing() throws IOException {
    TeacherConfig config = config("convert:net!net-encoder.onnx", WEIGHTS, CONVERTED);
    Files.delete(tools().resolve("convert_teacher.py"));

    assertThatThrownBy(() -> fetch(config))
        .hasMessageContaining("no file " + tools().resolve("convert_teacher.py"))
        .hasMessageContaining("set STILLHOUSE_HOME");
    assertThatThrownBy(() -> TeacherFiles.resolve(config, cache()))
        .hasMessageEndingWith("Run: stillhouse teacher fetch small");
  }

  @Test
  void refusesAnOriginalWithoutConversionAndTheOtherWayRound() {
    assertThatThrownBy(() -> config("file:net.onnx", WEIGHTS, CONVERTED))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("files.original is given, but neither encoder nor decoder");
    String encoder = encoder("convert:net!net-encoder.onnx", CONVERTED);
    assertThatThrownBy(() -> load(encoder))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("files.original must name the package or file")
        .hasMessageContaining("but is missing");
  }

  @Test
  void bothConvertedTeachersNameTheirNetworkOfTheScript() {
    for (String name : List.of("mobile-sam", "lite-medsam")) {
      TeacherConfig config = TeacherConfig.load(Path.of("../conf/teachers", name + ".yaml"));

      assertThat(config.files().original().from()).isInstanceOf(ModelSource.Packaged.class);
      assertThat(config.files().encoder().from())
          .isEqualTo(new ModelSource.Converted(name, name + "-encoder.onnx"));
      assertThat(config.files().decoder().from())
          .isEqualTo(new ModelSource.Converted(name, name + "-decoder.onnx"));
    }
  }

  private LocalTeacher fetch(TeacherConfig config) {
    return TeacherFiles.fetch(
        config, new FetchSettings(cache(), tools(), new Configuration(), told::add));
  }

  private TeacherConfig config(String source, String weights, String converted) throws IOException {
    String original =
        "original: {source: \"file:net.pt\", sha256: %s}\n  ".formatted(digest(weights));
    return load(original + encoder(source, converted));
  }

  private TeacherConfig load(String files) throws IOException {
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "features", "classes")
            .replaceAll("encoder: .*", files);
    return TeacherConfig.load(SmallSegmenter.write(folder, yaml));
  }

  private static String encoder(String source, String content) {
    return "encoder: {source: \"%s\", sha256: %s}".formatted(source, digest(content));
  }

  private Path tools() {
    return folder.resolve("tools");
  }

  private Path cache() {
    return folder.resolve("cache");
  }

  private static String digest(String content) {
    return Sha256.of(content.getBytes(StandardCharsets.UTF_8)).hex();
  }
}
