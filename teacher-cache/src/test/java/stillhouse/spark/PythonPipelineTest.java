package stillhouse.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.ImageCodec;
import stillhouse.teacher.SmallTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.tensor.DType;
import stillhouse.tensor.TensorColumn;

/** The real spark-submit with a jar that holds the Python module, as docs/spark-ml.md says. */
class PythonPipelineTest {
  @TempDir Path folder;

  @Test
  void aPipelineMadeAndSavedInPythonComesBackWithItsTeacher() throws Exception {
    Path yaml = SmallTeacher.yaml(folder);
    Path images = Files.createDirectory(folder.resolve("images"));
    Files.write(images.resolve("a.png"), ImageCodec.encodePng(SmallTeacher.image(8, 6)));
    Files.writeString(images.resolve("b.txt"), "no image");
    Path out = folder.resolve("out.json");
    Path script = Path.of(PythonPipelineTest.class.getResource("/spark/pipeline.py").toURI());

    String said = submit(script, yaml, images, folder.resolve("saved"), out);

    assertThat(out).as(said).exists();
    JsonNode rows = new ObjectMapper().readTree(out.toFile());
    assertThat(rows).hasSize(2);
    assertThat(rows.get(0).get("png").booleanValue()).isTrue();
    assertThat(rows.get(0).get("shape").toString()).isEqualTo("[6,8,8]");
    assertThat(rows.get(0).get("error").isNull()).isTrue();
    assertThat(rows.get(0).get("sum").doubleValue()).isCloseTo(sum(yaml), within(1e-6));
    assertThat(rows.get(1).get("shape").isNull()).isTrue();
    assertThat(rows.get(1).get("error").textValue())
        .startsWith("Unreadable image (unknown-format)");
  }

  private static double sum(Path yaml) {
    try (Teacher teacher = SmallTeacher.open(yaml)) {
      var map = teacher.encode(List.of(SmallTeacher.image(8, 6))).get(0).get("embedding");
      float[] stored = TensorColumn.decode(TensorColumn.encode(map, DType.FP16)).data();
      double sum = 0;
      for (float value : stored) {
        sum += value;
      }
      return sum;
    }
  }

  private String submit(Path script, Path... arguments) throws Exception {
    Path venv = Path.of(System.getenv("STILLHOUSE_VENV"));
    Path jar = jar();
    Path log = folder.resolve("submit.log");
    var command =
        Stream.concat(
                Stream.of(
                    venv.resolve("spark/bin/spark-submit").toString(),
                    "--master=local[1]",
                    "--conf=spark.ui.enabled=false",
                    "--conf=spark.sql.shuffle.partitions=1",
                    "--driver-java-options=-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
                    "--driver-class-path=" + whatSparkLacks(venv.resolve("spark/jars")),
                    "--jars=" + jar,
                    "--py-files=" + jar,
                    script.toString()),
                Stream.of(arguments).map(Path::toString))
            .toList();
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("PYSPARK_PYTHON", venv.resolve("bin/python").toString());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(log);
  }

  /** As the shaded jar has it: the module's classes, resources and Python files. */
  private Path jar() throws IOException {
    Path classes = Path.of(URI.create(codeSource()));
    Path jar = folder.resolve("stillhouse.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
    return jar;
  }

  private static String codeSource() {
    return TeacherTransformer.class.getProtectionDomain().getCodeSource().getLocation().toString();
  }

  private static String whatSparkLacks(Path jars) throws IOException {
    Set<String> there;
    try (Stream<Path> files = Files.list(jars)) {
      there = files.map(f -> f.getFileName().toString()).collect(Collectors.toSet());
    }
    return Stream.of(System.getProperty("java.class.path").split(":"))
        .filter(entry -> entry.endsWith(".jar"))
        .filter(entry -> !there.contains(Path.of(entry).getFileName().toString()))
        .collect(Collectors.joining(":"));
  }
}
