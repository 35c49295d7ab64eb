package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfFiles;
import stillhouse.tracking.MlflowServer;

/**
 * The command line on drawn scenes, with executors in JVMs of their own and a real MLflow server.
 */
final class Workbench implements AutoCloseable {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private final Path folder;
  private final MlflowServer mlflow;
  private final LocalSession session;

  /** What a command left: its exit status and what it wrote for the user to read. */
  record Said(int code, String err) {}

  /**
   * @param folder of the workspace and all that belongs to it
   */
  Workbench(Path folder, int executors) throws Exception {
    this.folder = folder;
    mlflow = MlflowServer.start(Files.createDirectory(folder.resolve("mlflow")));
    try {
      session = new LocalSession(LocalCluster.settings(executors, folder));
    } catch (RuntimeException e) {
      mlflow.close();
      throw e;
    }
  }

  /** Draws scenes and describes them, for a student whose input is as large as they are. */
  void drawScenes(int count, int size) throws IOException {
    done("scenes", "--out=" + folder.resolve("scenes"), "--count=" + count, "--size=" + size);
    ObjectNode yaml =
        (ObjectNode) YAML.readTree(ConfFiles.find("datasets", "drawn-scenes").toFile());
    ((ObjectNode) yaml.get("input")).put("height", size).put("width", size);
    YAML.writeValue(folder.resolve("scenes.yaml").toFile(), yaml);
  }

  SparkSession spark() {
    return session.spark();
  }

  MlflowServer mlflow() {
    return mlflow;
  }

  Path folder() {
    return folder;
  }

  String data() {
    return "--data=" + folder.resolve("scenes.yaml") + " --set=SCENES=" + folder.resolve("scenes");
  }

  String root() {
    return "--root=" + folder;
  }

  String tracking() {
    return "--mlflow=" + mlflow.uri();
  }

  /**
   * @param groups arguments, several to a group with blanks between
   */
  Said said(String... groups) {
    String[] args = Stream.of(groups).flatMap(g -> Stream.of(g.split(" "))).toArray(String[]::new);
    StringWriter err = new StringWriter();
    return new Said(Stillhouse.run(new PrintWriter(err), args), err.toString());
  }

  void done(String... groups) {
    Said said = said(groups);
    assertThat(said.code()).as(groups[0] + ": " + said.err()).isZero();
  }

  Path runs() {
    return folder.resolve("runs");
  }

  RunRecord record(String run) {
    return RunRecord.read(runs().resolve(run));
  }

  JsonNode json(String file) throws IOException {
    return JsonFiles.JSON.readTree(folder.resolve(file).toFile());
  }

  /** What MLflow lists of a run's artifacts. */
  String artifacts(String run, String path) throws Exception {
    return mlflow.get("/api/2.0/mlflow/artifacts/list?path=" + path + "&run_id=" + run);
  }

  /** Every file below a folder of the workspace. */
  Set<String> files(String below) throws IOException {
    Path at = folder.resolve(below);
    try (var all = Files.walk(at)) {
      return all.filter(Files::isRegularFile)
          .map(f -> at.relativize(f).toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Override
  public void close() {
    try {
      session.close();
    } finally {
      mlflow.close();
    }
  }
}
