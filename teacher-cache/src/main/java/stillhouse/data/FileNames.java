package stillhouse.data;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What the place of a file under its source's folder says of it. */
sealed interface FileNames extends Serializable {
  /** Whether folders in the folder are entered. */
  default boolean recursive() {
    return false;
  }

  /**
   * @param path from the folder, its ending one of the listing's
   * @return empty where the layout has no such file
   */
  Optional<Named> named(String path);

  /**
   * @param base what an image and its labels share
   * @param label the class that the file is of, 1…K; 0 where its name says none
   */
  record Named(String base, int label) {}

  /** The base is the name without its ending. */
  record Flat() implements FileNames {
    @Override
    public Optional<Named> named(String path) {
      return Optional.of(new Named(withoutEnding(path), 0));
    }
  }

  /** In folders of any depth; the base is the path without suffix and ending. */
  record Suffixed(String suffix) implements FileNames {
    @Override
    public boolean recursive() {
      return true;
    }

    @Override
    public Optional<Named> named(String path) {
      String plain = withoutEnding(path);
      return plain.endsWith(suffix)
          ? Optional.of(new Named(plain.substring(0, plain.length() - suffix.length()), 0))
          : Optional.empty();
    }
  }

  /** In folders of any depth; the base is the path itself. */
  record Whole() implements FileNames {
    @Override
    public boolean recursive() {
      return true;
    }

    @Override
    public Optional<Named> named(String path) {
      return Optional.of(new Named(path, 0));
    }
  }

  /**
   * {@code CLASS/NAME.png} or {@code NAME_CLASS.png}; of two classes that a name ends with the
   * longer one is meant.
   */
  record OfClass(List<String> classes) implements FileNames {
    @Override
    public boolean recursive() {
      return true;
    }

    @Override
    public Optional<Named> named(String path) {
      String plain = withoutEnding(path);
      int slash = plain.indexOf('/');
      if (slash >= 0) {
        int label = 1 + classes.indexOf(plain.substring(0, slash));
        String name = plain.substring(slash + 1);
        return label == 0 || name.contains("/")
            ? Optional.empty()
            : Optional.of(new Named(name, label));
      }
      return classes.stream()
          .filter(name -> plain.endsWith("_" + name))
          .max(Comparator.comparingInt(String::length))
          .map(
              name ->
                  new Named(
                      plain.substring(0, plain.length() - name.length() - 1),
                      1 + classes.indexOf(name)));
    }
  }

  static String withoutEnding(String path) {
    return path.substring(0, path.lastIndexOf('.'));
  }
}
