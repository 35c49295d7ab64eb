package stillhouse.htmlreport;

/**
 * What a reader types for what is missing.
 *
 * @param root options that name the workspace
 * @param data options that name the data set
 * @param teacher options that name the teacher
 */
public record Commands(String root, String data, String teacher, String split) {
  String of(String job) {
    return "bin/stillhouse " + job;
  }

  String evaluate(String more) {
    return of("evaluate %s %s %s --split %s%s".formatted(data, root, teacher, split, more));
  }
}
