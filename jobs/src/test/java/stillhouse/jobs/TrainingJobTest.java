package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.tracking.MlflowClient;
import stillhouse.tracking.MlflowServer;

/**
 * What train does about runs that are there and a server that is not: one executor, a real MLflow
 * server.
 */
class TrainingJobTest {
  private static final String FIRST = "first";
  @TempDir static Path folder;
  private static Map<String, String> settings;
  private static MlflowServer mlflow;
  private static JobSession session;

  @BeforeAll
  static void trainOne() throws Exception {
    mlflow = MlflowServer.start(Files.createDirectory(folder.resolve("mlflow")));
    settings = LocalCluster.settings(1, folder);
    settings.forEach(System::setProperty);
    session = JobSession.open("train");
    done("scenes", "--out=" + folder.resolve("scenes"), "--count=24", "--size=96");
    Files.writeString(
        folder.resolve("scenes.yaml"),
        Files.readString(ConfFiles.find("datasets", "drawn-scenes"))
            .replace("height: 192, width: 192", "height: 96, width: 96"));
    done("ingest", data(), root());
    done(train("--name=" + FIRST));
  }

  @AfterAll
  static void stop() {
    if (session != null) {
      session.close();
    }
    settings.keySet().forEach(System::clearProperty);
    mlflow.close();
  }

  @Test
  void aTrainedRunIsLeftAloneAndNamed() throws IOException {
    RunRecord before = record(FIRST);
    Path names = folder.resolve("names.txt");
    done(train("--name=" + FIRST, "--names-out=" + names));
    assertThat(record(FIRST)).isEqualTo(before);
    assertThat(names).content().isEqualTo(FIRST + "\n");
  }

  @Test
  void aTrainedRunOfOtherTermsIsRefused() throws IOException {
    RunRecord before = record(FIRST);
    Said said = said(train("--name=" + FIRST, "--seed=5"));
    assertThat(said.err())
        .startsWith("error: Cannot take run first in " + folder.resolve("runs/first"))
        .contains("its identity is " + before.identity() + ", this command's is ")
        .contains("Give another --name, or remove ")
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(2);
    assertThat(record(FIRST)).isEqualTo(before);
  }

  @Test
  void anotherRunsCheckpointsAreRefusedBeforeAnythingIsWritten() throws IOException {
    Path strange = folder.resolve("checkpoints/strange");
    for (String file : files("checkpoints/first")) {
      Files.createDirectories(strange.resolve(file).getParent());
      Files.copy(folder.resolve("checkpoints/first").resolve(file), strange.resolve(file));
    }
    Said said = said(train("--name=strange", "--seed=5"));
    assertThat(said.err())
        .startsWith("error: Cannot resume from checkpoint file:" + strange)
        .contains("it is of a run of identity " + record(FIRST).identity())
        .doesNotContain("\tat ");
    assertThat(said.code()).isEqualTo(2);
    assertThat(files("checkpoints/strange")).isEqualTo(files("checkpoints/first"));
    assertThat(folder.resolve("runs/strange")).doesNotExist();
  }

  @Test
  void aServerThatGoesAwayEndsNoRun() throws Exception {
    List<String> runs = List.of("tiny-conv.scratch.s7", "tiny-conv.scratch.s8");
    MlflowServer away = MlflowServer.start(Files.createDirectory(folder.resolve("away")));
    String[] command = train("--seed=7,8", "--mlflow=" + away.uri());
    Thread end = new Thread(() -> closeAt(folder.resolve("checkpoints/" + runs.get(0)), away));
    end.start();
    Said said = said(command);
    end.join();
    assertThat(said.err())
        .startsWith("error: 2 of 2 runs are trained, but not complete in MLflow. Run the same ")
        .containsSubsequence(
            "  " + runs.get(0) + ": MLflow was not told ",
            "that it is trained",
            "  " + runs.get(1) + ": MLflow was not told ",
            "of the run at all");
    assertThat(said.code()).isEqualTo(Stillhouse.FAILED);
    List<String> checkpoints = runs.stream().map(run -> record(run).checkpoint()).toList();
    assertThat(record(runs.get(1)).mlflowRun()).isEmpty();

    try (MlflowServer back = away.restart();
        var client = new MlflowClient(back.uri())) {
      done(command);
      for (String run : runs) {
        assertThat(client.getRun(record(run).mlflowRun()).getInfo().getStatus().name())
            .isEqualTo("FINISHED");
        assertThat(folder.resolve("runs").resolve(run).resolve(RunTracking.INCOMPLETE))
            .doesNotExist();
      }
    }
    assertThat(runs.stream().map(run -> record(run).checkpoint()).toList())
        .as("nothing was trained anew")
        .isEqualTo(checkpoints);
  }

  /** Ends a server as soon as there is a file. */
  private static void closeAt(Path file, MlflowServer server) {
    try {
      while (!Files.exists(file)) {
        Thread.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    server.close();
  }

  private static String data() {
    return "--data=" + folder.resolve("scenes.yaml") + " --set=SCENES=" + folder.resolve("scenes");
  }

  private static String root() {
    return "--root=" + folder;
  }

  /** The server of all tests, where {@code more} names no other. */
  private static String[] train(String... more) {
    String other = String.join(" ", more);
    String tracking = other.contains("--mlflow") ? "" : "--mlflow=" + mlflow.uri() + " ";
    return new String[] {
      "train",
      data(),
      root(),
      tracking + "--recipe=scratch --epochs=1 --batch=4 --ranks=1 --learning-rate=1e-3",
      other
    };
  }

  private record Said(int code, String err) {}

  private static Said said(String... groups) {
    String[] args = Stream.of(groups).flatMap(g -> Stream.of(g.split(" "))).toArray(String[]::new);
    StringWriter err = new StringWriter();
    return new Said(Stillhouse.run(new PrintWriter(err), args), err.toString());
  }

  private static void done(String... groups) {
    Said said = said(groups);
    assertThat(said.code()).as(groups[0] + ": " + said.err()).isZero();
  }

  private static RunRecord record(String run) {
    return RunRecord.read(folder.resolve("runs").resolve(run));
  }

  private static Set<String> files(String below) throws IOException {
    Path at = folder.resolve(below);
    try (var all = Files.walk(at)) {
      return all.filter(Files::isRegularFile)
          .map(f -> at.relativize(f).toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
