package stillhouse.jobs;

import java.nio.file.Path;

/** {@link stillhouse.conf.ConfFiles}, as the jobs find their options' files. */
final class ConfFiles {
  private ConfFiles() {}

  /**
   * @param folder the folder of {@code conf/} that names belong to, such as {@code recipes}
   */
  static Path find(String folder, String nameOrPath) {
    return stillhouse.conf.ConfFiles.find(folder, nameOrPath);
  }

  /** Where Stillhouse lies: set by the launcher, otherwise the working directory. */
  static Path home() {
    return stillhouse.conf.ConfFiles.home();
  }
}
