package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import stillhouse.train.Recipe;

/** A run's own file of its recipe, from which it is exported. */
final class KeptRecipe {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private KeptRecipe() {}

  /**
   * The recipe's file as it is, but for a grid that the command line or the teacher chose: that is
   * the grid of the run's view, and what a loss learns beside the student has its shape.
   *
   * @param source the recipe's file
   * @param trained the recipe as it is trained
   */
  static void write(Path source, Recipe trained, Path copy) {
    try {
      Files.createDirectories(copy.getParent());
      if (Recipe.load(source).alignment().equals(trained.alignment())) {
        Files.copy(source, copy, StandardCopyOption.REPLACE_EXISTING);
        return;
      }
      ObjectNode tree = (ObjectNode) YAML.readTree(source.toFile());
      tree.putObject("alignment").put("grid", trained.alignment().grid());
      String head =
          "# Made of %s with a grid of %d cells\n".formatted(source, trained.alignment().grid());
      Files.writeString(copy, head + YAML.writeValueAsString(tree));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot keep recipe " + source + " in " + copy, e);
    }
  }
}
