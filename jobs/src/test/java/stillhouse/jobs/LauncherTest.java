package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What {@code bin/stillhouse} says before anything is built. */
class LauncherTest {
  @TempDir Path folder;

  @Test
  void helpNamesEveryJobAndNeedsNoBuild() throws Exception {
    Said help = launcher("--help");
    assertThat(help.code()).isZero();
    for (String job : new CommandLine(new Stillhouse()).getSubcommands().keySet()) {
      if (!job.equals("help")) {
        assertThat(help.text()).containsPattern("(?m)^  " + job + " ");
      }
    }
    assertThat(launcher()).isEqualTo(help);
    assertThat(launcher("help")).isEqualTo(help);
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

  private record Said(int code, String text) {}

  /** Runs it where there is neither Java nor a Python environment. */
  private Said launcher(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ConfFiles.home().resolve("bin/stillhouse").toString());
    command.addAll(List.of(args));
    var builder = new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
    builder.environment().remove("JAVA_HOME");
    builder.environment().put("STILLHOUSE_VENV", folder.resolve("none").toString());
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), text);
  }
}
