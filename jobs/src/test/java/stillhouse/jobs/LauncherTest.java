package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigFile;

/** What {@code bin/stillhouse} says before anything is built. */
class LauncherTest {
  @TempDir Path folder;

  @Test
  void helpNamesEveryJobAndNeedsNoBuild() throws Exception {
    Said help = launcher("--help");
    assertThat(help.code()).isZero();
    for (String job : Stillhouse.commandLine().getSubcommands().keySet()) {
      if (!job.equals("help")) {
        assertThat(help.text()).containsPattern("(?m)^  " + job + " ");
      }
    }
    assertThat(launcher()).isEqualTo(help);
    assertThat(launcher("help")).isEqualTo(help);
  }

  @Test
  void everyOptionsHelpHasALabelForItsValueOfItsOwn() {
    for (CommandLine job : Stillhouse.commandLine().getSubcommands().values()) {
      assertThat(job.getCommandSpec().options())
          .filteredOn(option -> option.arity().max() > 0)
          .extracting(
              option -> job.getCommandName() + " " + option.longestName(), OptionSpec::paramLabel)
          .noneMatch(told -> told.toList().get(1).toString().startsWith("<"));
    }
  }

  @Test
  void theDemosHelpNeedsNoBuild() throws Exception {
    Said help = launcher("demo", "--help");
    assertThat(help.code()).isZero();
    assertThat(help.text()).contains("--scenes N", "--teacher NAME", "--recipes a,b,c");
  }

  @Test
  void theDemoRefusesWhatItDoesNotKnowBeforeItBuilds() throws Exception {
    Said said = launcher("demo", "--epoch", "3");
    assertThat(said.code()).isEqualTo(2);
    assertThat(said.text()).contains("error: unknown option '--epoch'");
    assertThat(launcher("demo", "--images", "x").text()).contains("--images needs --masks too");
  }

  @Test
  void theDemoIsOneBatchWhoseRunsAreThoseThatTrainNames() throws Exception {
    String out = folder.resolve("out").toString();
    List<BatchCommand.Job> jobs =
        batch(
            "--out " + out,
            "--data 'da\"ta\\.yaml' --teacher t --recipes one,two --labels 0.104 --learning-rate 0.004");
    assertThat(jobs)
        .extracting(job -> job.run().get(0))
        .containsExactly("ingest", "teacher", "cache", "train", "export", "evaluate", "report");
    assertThat(jobs.get(0).run())
        .containsExactly(
            "ingest", "--data", "da\"ta\\.yaml", "--root", out, "--need", "train,test");
    List<String> train = jobs.get(3).run();
    assertThat(train)
        .containsSequence("--labels", "0.104", "--learning-rate", "0.004")
        .containsSequence("--steps", "300");
    String names = train.get(train.indexOf("--names-out") + 1);
    assertThat(names).startsWith(out + "/logs-").endsWith("/runs.txt");
    for (BatchCommand.Job job : jobs.subList(4, 7)) {
      assertThat(job.run()).containsSequence("--runs-from", names);
    }
  }

  @Test
  void thePromptableDemoAsksEveryStudentOfEverySeedBesideTheirTeacher() throws Exception {
    Path out = folder.resolve("out");
    List<BatchCommand.Job> jobs =
        batch("--promptable --out " + out, "--recipes edge-sam,mobile-sam --seed 3,4 --epochs 5");
    assertThat(jobs)
        .extracting(job -> job.run().get(0))
        .containsExactly(
            "scenes", "ingest", "train", "export", "prompts", "cache", "train", "export", "train",
            "export", "prompts");
    assertThat(jobs.get(0).run())
        .containsSequence("--count", "300", "--seed", "3", "--surface", "metal");
    assertThat(jobs.get(6).run())
        .containsSequence("--epochs", "5")
        .containsSequence("--seed", "3,4")
        .containsSequence("--recipe", "edge-sam", "--epochs");
    List<String> prompts = jobs.get(10).run();
    String asked = prompts.get(prompts.indexOf("--teacher") + 1);
    assertThat(asked.replace(out + "/runs/", "").replace("/promptable.yaml", "").split(","))
        .containsExactly(
            "teacher",
            "tiny-conv-prompt.edge-sam.s3",
            "tiny-conv-prompt.edge-sam.s4",
            "tiny-conv-prompt.mobile-sam.s3",
            "tiny-conv-prompt.mobile-sam.s4");
    assertThat(prompts).containsSequence("--granularity", "both");
    assertThat(batch("--promptable --out " + out, "--recipes edge-sam-prior").get(6).run())
        .containsSequence("--student", "tiny-conv-prompt-prior");
    assertThat(launcher("demo", "--promptable", "--teacher", "t").text())
        .contains("trains its own teacher and students: leave out --teacher");
    assertThat(launcher("demo", "--promptable", "--recipes", "sard").text())
        .contains("not by 'sard'");
  }

  /** The demo itself; in place of spark-submit, the batch that it would run. */
  private List<BatchCommand.Job> batch(String... options) throws Exception {
    Path script =
        Files.writeString(
            folder.resolve("demo-alone.sh"),
            """
            set -euo pipefail
            die() { echo "error: $*" >&2; exit 2; }
            say() { :; }
            check_java() { :; }; python_env() { :; }; build() { :; }; work_dir() { :; }
            HOME_DIR=$1
            . "$1/bin/demo.sh"
            serve_mlflow() { mkdir -p "$1"; MLFLOW_TRACKING_URI=http://nobody; }
            submit() { [ $# = 2 ] && [ "$1" = batch ] && cp "$2" "$BATCH_COPY"; }
            demo %s
            """
                .formatted(String.join(" ", options)));
    Path copy = folder.resolve("batch.yaml");
    Said said =
        command(
            "env", "BATCH_COPY=" + copy, "bash", script.toString(), ConfFiles.home().toString());
    assertThat(said.code()).as(said.text()).isZero();
    List<BatchCommand.Job> jobs =
        ConfigFile.load(copy, BatchCommand.Batch.class, "/schema/batch.json").jobs();
    for (BatchCommand.Job job : jobs) {
      Stillhouse.commandLine().parseArgs(job.words()); // throws at what no job knows
    }
    return jobs;
  }

  @Test
  void aJarThatWasBuiltWithOtherArgumentsIsBuiltAgain() throws Exception {
    Path home = Files.createDirectories(folder.resolve("home"));
    Files.createDirectories(home.resolve("jobs/src/main"));
    for (String pom : List.of("pom.xml", "jobs/pom.xml")) {
      at(-2, Files.createFile(home.resolve(pom)));
    }
    Path jar = at(-1, Files.createFile(home.resolve("jobs.jar")));
    Path built = home.resolve("built");
    assertThat(isCurrent(jar, built, "")).as("Maven's own").isTrue();
    assertThat(isCurrent(jar, built, "-Pgpu")).isFalse();
    Files.writeString(built, "-Pgpu");
    assertThat(isCurrent(jar, built, "-Pgpu")).isTrue();
    assertThat(isCurrent(jar, built, "")).isFalse();
    at(1, jar);
    assertThat(isCurrent(jar, built, "")).as("Maven's own since").isTrue();
    Files.createFile(home.resolve("jobs/src/main/Newer.java"));
    at(2, home.resolve("jobs/src/main/Newer.java"));
    assertThat(isCurrent(jar, built, "")).as("older than a source").isFalse();
  }

  private static Path at(int minutes, Path file) throws IOException {
    return Files.setLastModifiedTime(
        file, FileTime.from(Instant.now().plus(Duration.ofMinutes(minutes))));
  }

  private boolean isCurrent(Path jar, Path built, String arguments) throws Exception {
    Said said =
        command(
            "env",
            "STILLHOUSE_MAVEN_ARGS=" + arguments,
            "bash",
            "-c",
            "HOME_DIR=%s; eval \"$(sed -n '/^is_current() {/,/^}/p' %s)\"; is_current %s %s && echo current || echo old"
                .formatted(
                    jar.getParent(), ConfFiles.home().resolve("bin/stillhouse"), jar, built));
    assertThat(said.text()).isIn("current\n", "old\n");
    return said.text().equals("current\n");
  }

  /** The launcher's and the demo's own functions around a job that takes its time to end. */
  @Test
  void ofAStoppedDemoTheLaunchersWordStandsLast() throws Exception {
    Path script =
        Files.writeString(
            folder.resolve("stopped.sh"),
            """
            set -euo pipefail
            eval "$(sed -n '/^cleanup() {/,/^}/p' "$1/bin/stillhouse")"
            . "$1/bin/demo.sh"
            DEMO_LOG=$PWD/jobs.log
            submit() {
              bash -c 'trap "sleep 0.5; echo a last line >&2; exit 143" TERM; sleep 0.5; kill -TERM $PPID; while :; do sleep 0.1; done' \
                2>&"${LOG_FD:-2}" &
              JOB_PID=$!
              wait "$JOB_PID"
            }
            trap cleanup EXIT
            trap 'exit 143' TERM
            run batch x
            """);
    Said said = command("bash", script.toString(), ConfFiles.home().toString());
    assertThat(said.code()).isEqualTo(143);
    assertThat(said.text().lines())
        .hasSize(2)
        .startsWith("a last line")
        .last()
        .asString()
        .startsWith("[stillhouse] error: the demo stopped; its log is ");
    assertThat(Files.readString(folder.resolve("jobs.log"))).isEqualTo("a last line\n");
  }

  @Test
  void whatExecutorsCopyBelowTheirHomeGoesWithTheLauncher() throws Exception {
    // The launcher itself with a Spark of one script, which writes where executors of a
    // local-cluster do.
    Path spark = Files.createDirectories(folder.resolve("venv/spark"));
    Path submit = Files.createDirectories(spark.resolve("bin")).resolve("spark-submit");
    Files.writeString(
        submit,
        """
        #!/usr/bin/env bash
        mkdir -p "$SPARK_HOME/work/app-1/0" && touch "$SPARK_HOME/work/app-1/0/jobs.jar"
        [ -f "$SPARK_HOME/jars/spark.jar" ] && echo "home: $SPARK_HOME"
        """);
    assertThat(submit.toFile().setExecutable(true)).isTrue();
    Files.createFile(Files.createDirectories(spark.resolve("jars")).resolve("spark.jar"));
    Files.createDirectories(spark.resolve("work/of-an-older-launcher"));
    Path launcher = folder.resolve("launcher.sh");
    String text = Files.readString(ConfFiles.home().resolve("bin/stillhouse"));
    Files.writeString(
        launcher,
        text.replace("check_java; python_env; build; work_dir;", "jar() { :; }; work_dir;")
            .replaceFirst("(?m)^HOME_DIR=.*", "HOME_DIR=" + ConfFiles.home()));
    Said said =
        command(
            "env",
            "STILLHOUSE_VENV=" + folder.resolve("venv"),
            "bash",
            launcher.toString(),
            "stats");
    assertThat(said.code()).as(said.text()).isZero();
    Path home = Path.of(said.text().replaceFirst("(?s).*home: (\\S+).*", "$1"));
    assertThat(home.getFileName().toString()).startsWith("stillhouse-work.");
    assertThat(home).doesNotExist();
    assertThat(spark.resolve("work")).isDirectoryContaining("glob:**/of-an-older-launcher");
    assertThat(spark.resolve("jars/spark.jar")).exists();
  }

  private record Said(int code, String text) {}

  /** Runs it where there is neither Java nor a Python environment. */
  private Said launcher(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ConfFiles.home().resolve("bin/stillhouse").toString());
    command.addAll(List.of(args));
    return command(command.toArray(String[]::new));
  }

  private Said command(String... command) throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
    builder.environment().remove("JAVA_HOME");
    builder.environment().put("STILLHOUSE_VENV", folder.resolve("none").toString());
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), text);
  }
}
