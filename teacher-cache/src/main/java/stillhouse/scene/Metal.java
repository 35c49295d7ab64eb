package stillhouse.scene;

/** Brushed metal under a lamp: the plate itself, and what dirties it without being a defect. */
final class Metal {
  private final Canvas canvas;
  private final Chance chance;
  private final float scale; // 1 at 192 pixels
  private final float cos;
  private final float sin;

  private Metal(Chance chance, int size) {
    this.canvas = new Canvas(size);
    this.chance = chance;
    this.scale = size / 192f;
    double angle = chance.happens(0.6) ? chance.between(-0.15, 0.15) : chance.between(0, 3.14);
    cos = (float) StrictMath.cos(angle);
    sin = (float) StrictMath.sin(angle);
  }

  static Scene draw(Chance chance, int size) {
    Metal metal = new Metal(chance, size);
    metal.plate();
    metal.glare();
    metal.smudges();
    metal.dust();
    new Defects(metal.canvas, chance).scatter();
    return metal.canvas.expose(chance, chance.between(0.3, 0.9), chance.between(0.012, 0.03));
  }

  /** Fine streaks along the brushing, over a gradient of the lamp. */
  private void plate() {
    Noise fine = new Noise(chance);
    Noise broad = new Noise(chance);
    float base = chance.between(0.38, 0.62);
    float streak = chance.between(0.05, 0.11);
    float slopeX = chance.between(-0.3, 0.3) / canvas.size;
    float slopeY = chance.between(-0.3, 0.3) / canvas.size;
    float tint = chance.between(-0.05, 0.04);
    float half = canvas.size / 2f;
    for (int y = 0; y < canvas.size; y++) {
      for (int x = 0; x < canvas.size; x++) {
        float u = along(x, y);
        float v = across(x, y);
        float brush =
            0.5f * fine.at(u / 70, v / 1.1f)
                + 0.35f * fine.at(u / 28 + 50, v / 1.9f)
                + 0.4f * broad.at(u / 150, v / 6);
        float lamp = 1 + (x - half) * slopeX + (y - half) * slopeY;
        int i = canvas.at(x, y);
        canvas.light[i] = base * lamp * (1 + 1.6f * streak * brush);
        canvas.warmth[i] = tint;
      }
    }
  }

  /** Bands of reflected lamp across the brushing, broken up by it. */
  private void glare() {
    for (int n = chance.count(0, 2); n > 0; n--) {
      Noise broken = new Noise(chance);
      float centre = chance.between(-0.2, 1.2) * canvas.size;
      float width = chance.between(14, 50) * scale;
      float strength = chance.between(0.06, 0.22);
      for (int y = 0; y < canvas.size; y++) {
        for (int x = 0; x < canvas.size; x++) {
          float u = along(x, y);
          float band = Canvas.bell(u - centre, width);
          if (band > 0) {
            float streaks = 1 + 0.45f * broken.at(u / 90, across(x, y) / 1.6f);
            canvas.light[canvas.at(x, y)] += strength * band * streaks;
          }
        }
      }
    }
  }

  /** Oil: darker, warmer, soft-edged blotches without a sharp line; and pale reflections. */
  private void smudges() {
    for (int n = chance.count(0, 3); n > 0; n--) {
      Noise shape = new Noise(chance);
      boolean pale = chance.happens(0.35);
      float strength = pale ? -chance.between(0.04, 0.12) : chance.between(0.07, 0.2);
      float radius = chance.between(14, 42) * scale;
      float cx = chance.unit() * canvas.size;
      float cy = chance.unit() * canvas.size;
      for (int y = canvas.from(cy - 1.6f * radius); y < canvas.to(cy + 1.6f * radius); y++) {
        for (int x = canvas.from(cx - 1.6f * radius); x < canvas.to(cx + 1.6f * radius); x++) {
          float r = (float) Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy)) / radius;
          float edge = 1 - r + 0.55f * shape.fractal(x / (0.6f * radius), y / (0.6f * radius));
          float cover = Canvas.clamp(edge / 0.5f);
          int i = canvas.at(x, y);
          canvas.light[i] *= 1 - strength * cover;
          canvas.warmth[i] += pale ? 0 : 0.05f * cover;
        }
      }
    }
  }

  /** Pale specks of a pinhole's size. */
  private void dust() {
    for (int n = chance.count(0, 7); n > 0; n--) {
      float cx = chance.unit() * canvas.size;
      float cy = chance.unit() * canvas.size;
      float radius = chance.between(0.6, 1.8);
      float strength = chance.between(0.08, 0.25);
      for (int y = canvas.from(cy - 4); y < canvas.to(cy + 4); y++) {
        for (int x = canvas.from(cx - 4); x < canvas.to(cx + 4); x++) {
          float d = (float) Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy));
          canvas.light[canvas.at(x, y)] += strength * Canvas.bell(d, radius);
        }
      }
    }
  }

  private float along(int x, int y) {
    return x * cos + y * sin;
  }

  private float across(int x, int y) {
    return y * cos - x * sin;
  }
}
