package stillhouse.conf;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Finds a configuration by name ({@code sard}) or by path ({@code my/recipe.yaml}). */
public final class ConfFiles {
  private ConfFiles() {}

  /**
   * @param folder the folder of {@code conf/} that names belong to, such as {@code recipes}
   */
  public static Path find(String folder, String nameOrPath) {
    if (isPath(nameOrPath)) {
      return Path.of(nameOrPath);
    }
    return home().resolve("conf").resolve(folder).resolve(nameOrPath + ".yaml");
  }

  /** The same; empty of a path where nothing lies yet. */
  public static Optional<Path> foreseen(String folder, String nameOrPath) {
    Path file = find(folder, nameOrPath);
    return isPath(nameOrPath) && Files.notExists(file) ? Optional.empty() : Optional.of(file);
  }

  /** Whether it is the path of a file, and no name of {@code conf/}. */
  public static boolean isPath(String nameOrPath) {
    return nameOrPath.endsWith(".yaml") || nameOrPath.endsWith(".yml") || nameOrPath.contains("/");
  }

  /** Where Stillhouse lies: set by the launcher, otherwise the working directory. */
  public static Path home() {
    return Path.of(Optional.ofNullable(System.getenv("STILLHOUSE_HOME")).orElse("."));
  }
}
