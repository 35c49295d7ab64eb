package stillhouse.scene;

import java.util.List;

/**
 * Inspection pictures drawn from a seed: the same seed gives the same bytes on every machine. Two
 * scenes in three are brushed metal, the third is rock.
 */
public final class Scenes {
  /** Class k is the element k − 1. */
  public static final List<String> CLASSES = List.of("scratch", "dent", "pinhole", "fragment");

  /** Pixels a side. */
  public static final int DEFAULT_SIZE = 192;

  private Scenes() {}

  /** Scene {@code index} of the series {@code seed}. */
  public static Scene draw(long seed, int index, int size) {
    long own = Chance.mix(seed) + index;
    return index % 3 == 2 ? rock(own, size) : metal(own, size);
  }

  /** Brushed metal, most of it with scratches, dents or pinholes. */
  public static Scene metal(long seed, int size) {
    checkSize(size);
    return Metal.draw(new Chance(seed), size);
  }

  /** Dense rock fragments. */
  public static Scene rock(long seed, int size) {
    checkSize(size);
    return Rocks.draw(new Chance(seed), size);
  }

  private static void checkSize(int size) {
    if (size < 32 || size > 4096) {
      throw new IllegalArgumentException("Invalid scene size: " + size + " (must be 32…4096)");
    }
  }
}
