package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
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
    Path folder = root.runs().resolve(run);
    RunRecord record = RunRecord.read(folder);
    Path yaml = out.resolve("teacher.yaml");
    if (Files.exists(yaml)) {
      log.info("{} is there already; remove it to freeze another", yaml);
      return 0;
    }
    OnnxStudent written;
    try (var session = JobSession.open("freeze " + run)) {
      written =
          OnnxStudent.write(
              folder,
              record,
              root.checkpoints(run),
              session.spark().sparkContext().hadoopConfiguration());
    }
    Files.createDirectories(out);
    Files.copy(
        folder.resolve(RunRecord.ONNX), out.resolve(MODEL), StandardCopyOption.REPLACE_EXISTING);
    new ObjectMapper(new YAMLFactory()).writeValue(yaml.toFile(), describe(record, written));
    TeacherConfig.load(yaml); // what was written is held against the schema at once
    log.info("Froze {} as {}: {} bytes, SHA-256 {}", run, yaml, written.bytes(), written.digest());
    return 0;
  }

  private static Map<String, Object> describe(RunRecord record, OnnxStudent written) {
    Map<String, Object> yaml = new LinkedHashMap<>();
    yaml.put("name", record.student() + "-" + record.dataset());
    yaml.put("engine", "onnxruntime");
    yaml.put("device", "cpu");
    yaml.put(
        "files",
        Map.of(
            "encoder",
            Map.of(
                "source",
                "file:" + MODEL,
                "sha256",
                written.digest().hex(),
                "bytes",
                written.bytes())));
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
    yaml.put("logits", "logits");
    return yaml;
  }
}
