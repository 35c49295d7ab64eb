package stillhouse.jobs;

import java.util.Optional;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
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

  /**
   * The teacher that the data set is asked of.
   *
   * @throws ConfigException where none is named, or it can't be asked the data set's prompts
   */
  LocalTeacher resolve(DatasetConfig dataset) {
    return find(dataset)
        .orElseThrow(() -> new ConfigException("No teacher is named. Give --teacher NAME."));
  }

  /** What {@link Foreseeing} says of the file that is named. */
  void requireNamed() {
    Optional.ofNullable(name)
        .filter(n -> ConfFiles.foreseen("teachers", n).isPresent())
        .ifPresent(TeacherConfig::find);
  }

  /** As one types it; empty where none is named. */
  String typed() {
    return name == null ? "" : "--teacher " + name;
  }

  /** Empty where none is named; its files are checked, so a missing or another one ends the job. */
  Optional<LocalTeacher> find(DatasetConfig dataset) {
    Optional<TeacherConfig> config = Optional.ofNullable(name).map(TeacherConfig::find);
    config.ifPresent(teacher -> Prompts.requireAnswered(dataset, teacher));
    return config
        .map(teacher -> Prompts.chosen(dataset, teacher))
        .map(teacher -> TeacherFiles.resolve(teacher, TeacherFiles.defaultCache()));
  }
}
