package stillhouse.data;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.regex.Pattern;

/** Paths that a file of labels gives of its images, held under the image folder. */
final class ImageRoot {
  // http:, file:, s3a:, and C: of another system
  private static final Pattern SCHEME =
      Pattern.compile("^[A-Za-z][A-Za-z0-9+.-]*:.*", Pattern.DOTALL);

  private ImageRoot() {}

  /**
   * A path without {@code .} and {@code ..}; nothing is looked up on any disk.
   *
   * @return empty where it doesn't stay under the folder: an absolute one, a URL, one whose {@code
   *     ..} lead out of it on the way, or the folder itself
   */
  static Optional<String> inside(String written) {
    if (SCHEME.matcher(written).matches() || written.startsWith("/") || written.startsWith("\\")) {
      return Optional.empty();
    }
    Deque<String> path = new ArrayDeque<>();
    for (String part : written.split("/")) {
      if (part.equals("..")) {
        if (path.pollLast() == null) {
          return Optional.empty();
        }
      } else if (!part.isEmpty() && !part.equals(".")) {
        path.addLast(part);
      }
    }
    return path.isEmpty() ? Optional.empty() : Optional.of(String.join("/", path));
  }
}
