package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.ParseResult;

/**
 * The schedules in examples/: their commands are ours, and where the real tool is on this machine,
 * it takes them.
 */
class ScheduleExamplesTest {
  private static final Path EXAMPLES =
      Path.of(System.getenv("STILLHOUSE_VENV"))
          .toAbsolutePath()
          .resolveSibling("examples")
          .resolve("schedules");

  @Test
  void cronRunsCommandsThatThereAre() throws IOException {
    List<String> commands = found("stillhouse.crontab", "\\$STILLHOUSE ([a-z]+ .*?) >>");
    assertThat(commands).hasSize(3);
    assertThat(commands.stream().map(ScheduleExamplesTest::parsed))
        .containsExactly("refresh", "verify", "gc");
    String words = Files.readString(EXAMPLES.resolve("stillhouse.crontab"));
    assertThat(words.replace("\\%", "")).as("cron takes it for a line's end").doesNotContain("%");
  }

  @Test
  void systemdRunsCommandsThatThereAre() throws IOException {
    assertThat(found("stillhouse-refresh.service", "(?m)^ExecStart=.*/stillhouse (.*)$"))
        .extracting(ScheduleExamplesTest::parsed)
        .containsExactly("refresh");
  }

  @Test
  void airflowRunsCommandsThatThereAre() throws IOException {
    String file = "stillhouse_airflow.py";
    String plates = found(file, "PLATES = \"(.*)\"").get(0);
    String teacher = found(file, "TEACHER = \"(.*)\"").get(0);
    List<String> commands = new ArrayList<>();
    Pattern job = Pattern.compile("= job\\(\"(\\w+)\", f\"(.*?)\"");
    job.matcher(Files.readString(EXAMPLES.resolve(file)))
        .results()
        .map(m -> m.group(1) + " " + m.group(2))
        .map(c -> c.replace("{PLATES}", plates).replace("{TEACHER}", teacher))
        .forEach(commands::add);
    assertThat(commands.stream().map(ScheduleExamplesTest::parsed))
        .containsExactly("refresh", "verify", "gc");
  }

  @Test
  void theSparkOperatorRunsACommandThatThereIs() throws IOException {
    JsonNode template =
        new ObjectMapper(new YAMLFactory())
            .readTree(EXAMPLES.resolve("scheduled-spark-application.yaml").toFile())
            .at("/spec/template");
    List<String> arguments = new ArrayList<>();
    template.get("arguments").forEach(a -> arguments.add(a.asText()));
    assertThat(parsed(String.join(" ", arguments))).isEqualTo("refresh");
    assertThat(template.get("mainClass").asText()).isEqualTo(Stillhouse.class.getName());
    Path root = EXAMPLES.resolve("../..").normalize();
    assertThat(Files.readString(root.resolve("pom.xml")))
        .contains("<spark.version>" + template.get("sparkVersion").asText() + "<");
  }

  /** Its lines {@code $S JOB …}, with what stands for data set and workspace put in. */
  @Test
  void theReadmeShowsCommandsThatThereAre() throws IOException {
    String readme = Files.readString(EXAMPLES.resolve("../../README.md"));
    Pattern shown = Pattern.compile("(?m)^    (?:\\$S|\\./bin/stillhouse) +([a-z].*?) *(?:#.*)?$");
    List<String> commands =
        shown
            .matcher(readme)
            .results()
            .map(m -> m.group(1).replace("$D", "--data d").replace("$R", "--root r"))
            .filter(c -> !c.startsWith("demo") && !c.startsWith("mlflow")) // the launcher's own
            .toList();
    assertThat(commands).hasSizeGreaterThan(14);
    assertThat(commands)
        .allSatisfy(c -> assertThat(parsed(c)).isEqualTo(c.substring(0, c.indexOf(' '))));
  }

  @Test
  void cronAndSystemdTakeThem() throws Exception {
    List<List<String>> checks =
        List.of(
            List.of("crontab", "-n", "stillhouse.crontab"),
            List.of(
                "systemd-analyze",
                "verify",
                "./stillhouse-refresh.service",
                "./stillhouse-refresh.timer"));
    List<List<String>> there = checks.stream().filter(c -> onPath(c.get(0))).toList();
    assumeTrue(!there.isEmpty(), "neither crontab nor systemd-analyze is on the PATH");
    for (List<String> check : there) {
      Process process =
          new ProcessBuilder(check).directory(EXAMPLES.toFile()).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes());
      assertThat(process.waitFor()).as(check + ": " + said).isZero();
    }
  }

  private static boolean onPath(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private static List<String> found(String file, String pattern) throws IOException {
    return Pattern.compile(pattern)
        .matcher(Files.readString(EXAMPLES.resolve(file)))
        .results()
        .map((MatchResult m) -> m.group(1))
        .toList();
  }

  /** The job's name, once picocli has taken all of its options. */
  private static String parsed(String command) {
    ParseResult result = Stillhouse.commandLine().parseArgs(command.split(" +"));
    return result.subcommand().commandSpec().name();
  }
}
