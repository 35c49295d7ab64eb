package stillhouse.teacher;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a model file comes from. */
sealed interface ModelSource {
  /** The name that the file keeps in the cache. */
  String fileName();

  /** A file that is used where it lies. */
  record Local(Path path) implements ModelSource {
    @Override
    public String fileName() {
      return String.valueOf(path.getFileName());
    }
  }

  /** A file inside a package of a registry, read with that registry's ordinary client. */
  record Packaged(Registry registry, String name, String version, String path)
      implements ModelSource {
    @Override
    public String fileName() {
      return path.substring(path.lastIndexOf('/') + 1);
    }

    /** The package as its own client writes it: two files of one package share a download. */
    String requirement() {
      return name + registry.joint + version;
    }
  }

  /**
   * A file that {@code tools/convert_teacher.py} makes of the teacher's {@code files.original}.
   *
   * @param network which of the script's networks the original is
   */
  record Converted(String network, String fileName) implements ModelSource {}

  /** The package registries, each by its client. */
  enum Registry {
    NPM("@"),
    PYPI("==");

    private final String joint;

    Registry(String joint) {
      this.joint = joint;
    }
  }

  Pattern NPM = Pattern.compile("npm:((?:@[\\w.-]+/)?[\\w.-]+)@([\\w.+-]+)!([^/].*[^/])");
  Pattern CONVERTED = Pattern.compile("convert:([a-z0-9][a-z0-9-]*)!([\\w.-]*\\w)");
  Pattern PYPI = Pattern.compile("pypi:([\\w.-]+)==([\\w.+-]+)!([^/].*[^/])");

  /**
   * Reads {@code npm:@scope/name@1.2.3!path/inside}, {@code pypi:name==1.2!path/inside}, {@code
   * convert:network!file} or {@code file:path}.
   *
   * @throws IllegalArgumentException for anything else
   */
  static ModelSource parse(String text) {
    if (text.startsWith("file:") && text.length() > "file:".length()) {
      return new Local(Path.of(text.substring("file:".length())));
    }
    Matcher npm = NPM.matcher(text);
    if (npm.matches()) {
      return new Packaged(Registry.NPM, npm.group(1), npm.group(2), npm.group(3));
    }
    Matcher pypi = PYPI.matcher(text);
    if (pypi.matches()) {
      return new Packaged(Registry.PYPI, pypi.group(1), pypi.group(2), pypi.group(3));
    }
    Matcher converted = CONVERTED.matcher(text);
    if (converted.matches()) {
      return new Converted(converted.group(1), converted.group(2));
    }
    throw new IllegalArgumentException(
        "Invalid source: '"
            + text
            + "' (must be npm:NAME@VERSION!PATH, pypi:NAME==VERSION!PATH, convert:NETWORK!FILE or"
            + " file:PATH, with an exact version)");
  }
}
