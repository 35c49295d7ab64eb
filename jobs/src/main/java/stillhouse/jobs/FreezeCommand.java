package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.teacher.TeacherConfig;

/** A trained network → a teacher: its ONNX file with its digest, and the YAML that names both. */
@Command(
    name = "freeze",
    mixinStandardHelpOptions = true,
    description =
        "Makes a teacher of a trained run: an ONNX file, and the YAML that pins its digest.")
final class FreezeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(FreezeCommand.class);
  private static final String MODEL = "teacher.onnx";
  @Mixin private RootOption root;

  @Option(
      names = "--run",
      required = true,
      paramLabel = "NAME",
      description = "the run to freeze, a folder of ROOT/runs")
  private String run;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "gets teacher.onnx and teacher.yaml")
  private Path out;

  @Override
  public Integer call() throws Exception {
    Path folder = root.trained(run);
    RunRecord record = RunRecord.read(folder);
    Path yaml = out.resolve("teacher.yaml");
    Optional<OnnxStudent> exported = OnnxStudent.read(folder, record);
    OnnxStudent written =
        exported.isPresent()
            ? exported.get()
            : OnnxStudent.write(folder, record, root, JobSession.hadoop());
    if (Files.exists(yaml)) {
      requireSame(yaml, written);
      log.info("{} is there already, with the same network", yaml);
      return 0;
    }
    Files.createDirectories(out);
    Files.copy(
        folder.resolve(RunRecord.ONNX), out.resolve(MODEL), StandardCopyOption.REPLACE_EXISTING);
    // It takes its name once it was held against the schema; a freeze that is stopped leaves none.
    Path unchecked = out.resolve("unchecked-teacher.yaml");
    new ObjectMapper(new YAMLFactory())
        .writeValue(unchecked.toFile(), describe(record, out.resolve(MODEL)));
    TeacherConfig.load(unchecked);
    Files.move(unchecked, yaml, StandardCopyOption.ATOMIC_MOVE);
    log.info("Froze {} as {}: {} bytes, SHA-256 {}", run, yaml, written.bytes(), written.sha256());
    return 0;
  }

  private void requireSame(Path yaml, OnnxStudent written) {
    String there = TeacherConfig.load(yaml).spec().encoderDigest().hex();
    if (!there.equals(written.sha256())) {
      throw new ConfigException(
          "Cannot freeze run %s as %s: the teacher there is of another network (SHA-256 %s, the run's is %s). Give another --out, or remove that file."
              .formatted(run, yaml, there, written.sha256()));
    }
  }

  private static Map<String, Object> describe(RunRecord record, Path model) throws IOException {
    Map<String, Object> yaml = network(record);
    yaml.put("files", Map.of("encoder", file(model)));
    yaml.put("logits", "logits");
    return yaml;
  }

  /** A file beside the YAML, pinned. */
  static Map<String, Object> file(Path file) throws IOException {
    return Map.of(
        "source",
        "file:" + file.getFileName(),
        "sha256",
        Sha256.ofFile(file).hex(),
        "bytes",
        Files.size(file));
  }

  /** What a run's network takes and gives, as a teacher. */
  static Map<String, Object> network(RunRecord record) {
    Map<String, Object> yaml = new LinkedHashMap<>();
    yaml.put("name", record.student() + "-" + record.dataset());
    yaml.put("engine", "onnxruntime");
    yaml.put("device", "cpu");
    Map<String, Object> input = new LinkedHashMap<>();
    input.put("name", "image");
    input.put("height", record.height());
    input.put("width", record.width());
    input.put("resize", "direct");
    input.put("scale", "0..1");
    input.put("mean", List.of(0.0, 0.0, 0.0)); // the network normalises by itself
    input.put("std", List.of(1.0, 1.0, 1.0));
    yaml.put("input", input);
    yaml.put("layers", Map.of("embedding", "embedding"));
    yaml.put("embedding", "embedding");
    return yaml;
  }
}
