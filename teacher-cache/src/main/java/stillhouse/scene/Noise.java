package stillhouse.scene;

/** Smooth value noise on the integer lattice, in −1…1, of unit feature size. */
final class Noise {
  private final int seed;

  Noise(Chance chance) {
    seed = (int) (chance.unit() * 0x1p24f);
  }

  float at(float x, float y) {
    int x0 = (int) Math.floor(x);
    int y0 = (int) Math.floor(y);
    float u = ease(x - x0);
    float v = ease(y - y0);
    float top = lattice(x0, y0) + u * (lattice(x0 + 1, y0) - lattice(x0, y0));
    float bottom = lattice(x0, y0 + 1) + u * (lattice(x0 + 1, y0 + 1) - lattice(x0, y0 + 1));
    return top + v * (bottom - top);
  }

  /** Three octaves, in about −1…1. */
  float fractal(float x, float y) {
    return (at(x, y) + 0.5f * at(2 * x + 17, 2 * y + 5) + 0.25f * at(4 * x + 3, 4 * y + 29)) / 1.4f;
  }

  private float lattice(int x, int y) {
    int h = seed + x * 0x27d4eb2d + y * 0x165667b1;
    h = (h ^ (h >>> 15)) * 0x85ebca6b;
    h = (h ^ (h >>> 13)) * 0xc2b2ae35;
    h ^= h >>> 16;
    return (h >> 8) * 0x1p-23f;
  }

  private static float ease(float t) {
    return t * t * (3 - 2 * t);
  }
}
