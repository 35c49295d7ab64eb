package stillhouse.jobs;

import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherCheck;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;

/** Gets a teacher's files and says whether they fit its YAML. */
@Command(
    name = "teacher",
    mixinStandardHelpOptions = true,
    description = "Gets a teacher's files, or checks them against its YAML.",
    synopsisSubcommandLabel = "(fetch | check)",
    subcommands = {TeacherCommand.Fetch.class, TeacherCommand.Check.class})
final class TeacherCommand {
  private static final Logger log = LoggerFactory.getLogger(TeacherCommand.class);

  @Command(
      name = "fetch",
      mixinStandardHelpOptions = true,
      description =
          "Gets a teacher's files, checks their digests and keeps them outside the repository.")
  static final class Fetch implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "a YAML file, or a name of conf/teachers")
    private String name;

    @Override
    public Integer call() {
      TeacherConfig config = TeacherConfig.load(ConfFiles.find("teachers", name));
      TeacherFiles.fetch(
          config, TeacherFiles.defaultCache(), ConfFiles.home().resolve("tools"), log::info);
      return 0;
    }
  }

  @Command(
      name = "check",
      mixinStandardHelpOptions = true,
      description =
          "Opens a teacher, asks about one gray image and says what does not fit its YAML, or the data set.")
  static final class Check implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "a YAML file, or a name of conf/teachers")
    private String name;

    /** Null where none is given: a plain segmenter's classes are held against the data set's. */
    @ArgGroup(exclusive = false)
    private DataOptions data;

    @Override
    public Integer call() {
      TeacherConfig config = TeacherConfig.load(ConfFiles.find("teachers", name));
      List<String> classes = data == null ? List.of() : data.load().classes();
      LocalTeacher files = TeacherFiles.resolve(config, TeacherFiles.defaultCache());
      TeacherCheck.Report report = TeacherCheck.run(files, classes);
      report.tensors().forEach((tensor, shape) -> log.info("{} {}", tensor, shape));
      report.layers().forEach((layer, shape) -> log.info("layer {} {}", layer, shape));
      report.problems().forEach(log::error);
      log.info("Teacher {} {}", config.name(), report.fits() ? "fits" : "does not fit");
      return report.fits() ? 0 : Stillhouse.FAILED;
    }
  }
}
