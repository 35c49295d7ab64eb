package stillhouse.scene;

/**
 * Crushed rock from above: a power diagram of jittered sites, its cells faceted stones, one to two
 * pixels of dark gap between neighbours, fines where a stone is missing.
 */
final class Rocks {
  static final byte FRAGMENT = 4;

  private static final int FACETS = 5;
  private static final float[] MINERALS = {0.02f, 0.05f, 0.1f, 0.16f, -0.04f};

  private final Canvas canvas;
  private final Chance chance;
  private final float pitch; // pixels between sites
  private final int columns;
  private final Stone[] stones;
  private final float lampX;
  private final float lampY;
  private final Noise grain;
  private final Noise warp;

  private Rocks(Chance chance, int size) {
    this.canvas = new Canvas(size);
    this.chance = chance;
    this.pitch = chance.between(13, 25) * size / 192f;
    this.columns = (int) (size / pitch) + 6; // two rings of sites outside the picture
    double lamp = chance.between(0, 6.2832);
    lampX = (float) StrictMath.cos(lamp);
    lampY = (float) StrictMath.sin(lamp);
    grain = new Noise(chance);
    warp = new Noise(chance);
    stones = new Stone[columns * columns];
    for (int i = 0; i < stones.length; i++) {
      stones[i] = new Stone(i % columns, i / columns);
    }
  }

  static Scene draw(Chance chance, int size) {
    Rocks rocks = new Rocks(chance, size);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        rocks.pixel(x, y);
      }
    }
    return rocks.canvas.expose(chance, chance.between(0.2, 0.7), chance.between(0.015, 0.035));
  }

  private void pixel(int x, int y) {
    float px = x + 1.5f * warp.at(x / 6f, y / 6f) + 0.7f * warp.at(x / 2.3f + 90, y / 2.3f);
    float py =
        y + 1.5f * warp.at(x / 6f + 40, y / 6f + 70) + 0.7f * warp.at(x / 2.3f, y / 2.3f + 90);
    int column = (int) (px / pitch + 2);
    int row = (int) (py / pitch + 2);
    Stone own = nearest(px, py, column, row);
    float edge = Float.MAX_VALUE; // distance to the nearest neighbour's border
    Stone beside = own;
    for (int r = Math.max(0, row - 2); r <= Math.min(columns - 1, row + 2); r++) {
      for (int c = Math.max(0, column - 2); c <= Math.min(columns - 1, column + 2); c++) {
        Stone other = stones[r * columns + c];
        if (other != own) {
          float border = (other.power(px, py) - own.power(px, py)) / (2 * own.distance(other));
          if (border < edge) {
            edge = border;
            beside = other;
          }
        }
      }
    }
    paint(x, y, own, beside, edge);
  }

  private Stone nearest(float px, float py, int column, int row) {
    Stone best = null;
    float power = Float.MAX_VALUE;
    for (int r = Math.max(0, row - 2); r <= Math.min(columns - 1, row + 2); r++) {
      for (int c = Math.max(0, column - 2); c <= Math.min(columns - 1, column + 2); c++) {
        Stone stone = stones[r * columns + c];
        float p = stone.power(px, py);
        if (p < power) {
          power = p;
          best = stone;
        }
      }
    }
    return best;
  }

  private void paint(int x, int y, Stone own, Stone beside, float edge) {
    int i = canvas.at(x, y);
    float speckle = 1 + 0.09f * grain.at(x / 1.4f, y / 1.4f) + 0.1f * grain.fractal(x / 9f, y / 9f);
    float towards =
        ((beside.x - own.x) * lampX + (beside.y - own.y) * lampY) / own.distance(beside);
    boolean shaded = towards > 0 && (beside.missing ? 0 : beside.height) > own.height;
    if (own.missing) {
      float fines = 0.26f + 0.13f * grain.at(x / 2.2f + 7, y / 2.2f) + 0.05f * grain.at(x, y + 31f);
      float wall = beside.missing ? 1 : 1 - 0.6f * Canvas.bell(Math.max(0, edge), 3.5f);
      canvas.light[i] = fines * wall * (0.75f + 0.5f * own.shade);
      canvas.warmth[i] = 0.08f;
    } else if (edge > own.inset) {
      float rim = edge - own.inset;
      float rounding = 1 - 0.4f * Canvas.bell(rim, 2.2f);
      float shadow = shaded ? 1 - 0.45f * Canvas.bell(rim, 4) * towards : 1;
      canvas.light[i] = own.facet(x, y) * rounding * shadow * speckle;
      canvas.warmth[i] = own.warmth;
      canvas.label[i] = FRAGMENT;
    } else {
      canvas.light[i] = 0.13f * speckle + 0.05f * own.shade;
      canvas.warmth[i] = 0.05f;
    }
  }

  /** A site of the diagram; its facets slope away from an apex off its centre. */
  private final class Stone {
    final float x;
    final float y;
    final float bonus = between(0, 0.16) * pitch * pitch; // a larger cell
    final boolean missing = chance.happens(0.16);
    final float inset = between(0.5, 1);
    final float height = chance.unit();
    final float shade = between(0.3, 0.72);
    final float warmth = MINERALS[chance.count(0, MINERALS.length - 1)];
    final float apexX;
    final float apexY;
    final float[] slopeX = new float[FACETS];
    final float[] slopeY = new float[FACETS];

    Stone(int column, int row) {
      x = (column - 2 + between(0.02, 0.98)) * pitch;
      y = (row - 2 + between(0.02, 0.98)) * pitch;
      apexX = x + between(-0.22, 0.22) * pitch;
      apexY = y + between(-0.22, 0.22) * pitch;
      double first = between(0, 6.2832);
      for (int k = 0; k < FACETS; k++) {
        double angle = first + (k + between(-0.3, 0.3)) * 6.2832 / FACETS;
        float steep = between(0.35, 1);
        slopeX[k] = steep * (float) StrictMath.cos(angle);
        slopeY[k] = steep * (float) StrictMath.sin(angle);
      }
    }

    private float between(double low, double high) {
      return chance.between(low, high);
    }

    float power(float px, float py) {
      return (px - x) * (px - x) + (py - y) * (py - y) - bonus;
    }

    float distance(Stone other) {
      float dx = x - other.x;
      float dy = y - other.y;
      return Math.max(1, (float) Math.sqrt(dx * dx + dy * dy));
    }

    /** Light of the facet under a pixel; a flat top near the apex, a pale line on the ridges. */
    float facet(int px, int py) {
      float steepest = 0.16f * pitch; // below this fall the top is flat
      float second = 0;
      int facet = -1;
      for (int k = 0; k < FACETS; k++) {
        float fall = (px - apexX) * slopeX[k] + (py - apexY) * slopeY[k];
        if (fall > steepest) {
          second = steepest;
          steepest = fall;
          facet = k;
        } else if (fall > second) {
          second = fall;
        }
      }
      float facing = facet < 0 ? 0.15f : slopeX[facet] * lampX + slopeY[facet] * lampY;
      float ridge = 0.07f * Canvas.bell(steepest - second, 0.5f);
      return shade * (0.9f + 0.42f * facing) + ridge;
    }
  }
}
