package stillhouse.scene;

import java.util.List;

/**
 * Inspection pictures drawn from a seed, of brushed metal, of rock or of both: the same seed gives
 * the same bytes on every machine.
 */
public final class Scenes {
  /** Class k is the element k − 1. */
  public static final List<String> CLASSES = List.of("scratch", "dent", "pinhole", "fragment");

  /** Pixels a side. */
  public static final int DEFAULT_SIZE = 192;

  /** What a series of scenes shows. */
  public enum Surface {
    /** Two scenes in three are {@link #METAL}, the third is {@link #ROCK}. */
    MIXED,
    /** Brushed metal: defects lie apart, so most objects are one defect each. */
    METAL,
    /** Rock: fragments touch, so an object of the mask may be many stones. */
    ROCK
  }

  private Scenes() {}

  /** Scene {@code index} of the series {@code seed}, of {@link Surface#MIXED}. */
  public static Scene draw(long seed, int index, int size) {
    return draw(seed, index, size, Surface.MIXED);
  }

  /** Scene {@code index} of the series {@code seed}: where two surfaces share one, it is equal. */
  public static Scene draw(long seed, int index, int size, Surface surface) {
    long own = Chance.mix(seed) + index;
    boolean rock = surface == Surface.ROCK || surface == Surface.MIXED && index % 3 == 2;
    return rock ? rock(own, size) : metal(own, size);
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
