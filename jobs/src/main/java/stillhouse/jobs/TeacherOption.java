package stillhouse.jobs;

import java.util.Optional;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;

/** Which teacher a job asks, or whose answers it reads. */
final class TeacherOption {
  @Option(
      names = "--teacher",
      paramLabel = "NAME",
      description = "a YAML file, or a name of conf/teachers")
  private String name;

  LocalTeacher resolve() {
    return find()
        .orElseThrow(() -> new ConfigException("No teacher is named. Give --teacher NAME."));
  }

  /** Empty where none is named; its files are checked, so a missing or another one ends the job. */
  Optional<LocalTeacher> find() {
    return Optional.ofNullable(name)
        .map(n -> TeacherConfig.load(ConfFiles.find("teachers", n)))
        .map(config -> TeacherFiles.resolve(config, TeacherFiles.defaultCache()));
  }
}
