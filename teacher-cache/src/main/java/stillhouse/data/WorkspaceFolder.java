package stillhouse.data;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import stillhouse.conf.ConfigException;

/** The folder that a job was told is its workspace: a misspelt one lacks everything. */
public final class WorkspaceFolder {
  private WorkspaceFolder() {}

  /**
   * @param root the workspace, any Hadoop path
   * @throws ConfigException where there is no such folder, or it can't be looked for
   */
  public static void require(Configuration hadoop, String root) {
    Path folder = new Path(root);
    try {
      if (!folder.getFileSystem(hadoop).exists(folder)) {
        throw none(root);
      }
    } catch (IOException | IllegalArgumentException e) { // such as a host that nobody knows
      throw new ConfigException("Cannot look for the workspace " + root + ": " + e, e);
    }
  }

  /**
   * Why something in a workspace is not there.
   *
   * @param message what to say where the workspace itself is there
   */
  public static ConfigException lacks(Configuration hadoop, String root, String message) {
    require(hadoop, root);
    return new ConfigException(message);
  }

  /** What is said of a workspace that is not there. */
  public static ConfigException none(String root) {
    return new ConfigException(
        "No workspace in %s: no such folder, or no permission to see it. Is --root right? Otherwise run the ingest job first."
            .formatted(root));
  }
}
