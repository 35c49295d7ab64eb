package stillhouse.teacher;

import java.net.URI;
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

  /**
   * A file on a file system that Hadoop knows: {@code hdfs://}, {@code s3a://}, … It is copied into
   * the cache.
   */
  record Remote(URI uri) implements ModelSource {
    @Override
    public String fileName() {
      return uri.getPath().substring(uri.getPath().lastIndexOf('/') + 1);
    }
  }

  /**
   * A file of a model of DJL's model zoo.
   *
   * @param group the zoo's, such as {@code ai.djl.pytorch}
   * @param artifact the model's
   * @param path of the file in the unpacked model
   */
  record Zoo(String group, String artifact, String version, String path) implements ModelSource {
    @Override
    public String fileName() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  /** Nothing yet: a preset, whose user has the file. */
  record Yours() implements ModelSource {
    @Override
    public String fileName() {
      return "";
    }
  }

  /** The package registries, each by its client. */
  enum Registry {
    NPM("@"),
    PYPI("==");

    private final String joint;

    Registry(String joint) {
      this.joint = joint;
    }
  }

  /** The source of a file that a preset leaves to its user. */
  String ADOPT = "adopt";

  Pattern NPM = Pattern.compile("npm:((?:@[\\w.-]+/)?[\\w.-]+)@([\\w.+-]+)!([^/].*[^/])");
  Pattern CONVERTED = Pattern.compile("convert:([a-z0-9][a-z0-9-]*)!([\\w.-]*\\w)");
  Pattern ZOO = Pattern.compile("djl://([\\w.-]+)/([\\w.-]+)/([\\d.]+)!([^/].*[^/])");
  Pattern REMOTE = Pattern.compile("(?!djl:|https?:)[a-z][a-z0-9+.-]*://.*[^/]");
  Pattern PYPI = Pattern.compile("pypi:([\\w.-]+)==([\\w.+-]+)!([^/].*[^/])");

  /**
   * Reads {@code npm:@scope/name@1.2.3!path/inside}, {@code pypi:name==1.2!path/inside}, {@code
   * djl://group/artifact/version!path/inside}, {@code convert:network!file}, {@code file:path}, a
   * URI of Hadoop's, such as {@code s3a://bucket/path}, or {@code adopt}.
   *
   * @throws IllegalArgumentException for anything else
   */
  static ModelSource parse(String text) {
    if (text.startsWith("file:") && text.length() > "file:".length()) {
      return new Local(Path.of(text.substring("file:".length())));
    }
    if (text.equals(ADOPT)) {
      return new Yours();
    }
    if (REMOTE.matcher(text).matches()) {
      return new Remote(URI.create(text));
    }
    Matcher zoo = ZOO.matcher(text);
    if (zoo.matches()) {
      return new Zoo(zoo.group(1), zoo.group(2), zoo.group(3), zoo.group(4));
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
            + "' (must be npm:NAME@VERSION!PATH, pypi:NAME==VERSION!PATH,"
            + " djl://GROUP/ARTIFACT/VERSION!PATH, convert:NETWORK!FILE, file:PATH, or a URI of a"
            + " file system of Hadoop's such as s3a://BUCKET/PATH, with an exact version)");
  }
}
