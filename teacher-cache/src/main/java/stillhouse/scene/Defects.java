package stillhouse.scene;

import java.util.Arrays;

/** What has happened to a metal plate: scratches, dents and pinholes, each with its labels. */
final class Defects {
  static final byte SCRATCH = 1;
  static final byte DENT = 2;
  static final byte PINHOLE = 3;

  private static final float FAR = 99;

  private final Canvas canvas;
  private final Chance chance;
  private final float scale; // 1 at 192 pixels
  private final float lampX;
  private final float lampY;

  Defects(Canvas canvas, Chance chance) {
    this.canvas = canvas;
    this.chance = chance;
    this.scale = canvas.size / 192f;
    double lamp = chance.between(0, 6.2832);
    lampX = (float) StrictMath.cos(lamp);
    lampY = (float) StrictMath.sin(lamp);
  }

  /** About one plate in ten is left without a defect. */
  void scatter() {
    if (chance.happens(0.1)) {
      return;
    }
    for (int n = chance.happens(0.65) ? chance.count(1, 3) : 0; n > 0; n--) {
      dent();
    }
    for (int n = chance.happens(0.75) ? chance.count(1, 5) : 0; n > 0; n--) {
      scratch();
    }
    for (int n = chance.happens(0.7) ? chance.count(2, 9) : 0; n > 0; n--) {
      pinhole();
    }
  }

  /** A curved stroke of 1–3 pixels, its groove dark (or bared, bright), its far lip lit. */
  private void scratch() {
    float[] signed = new float[canvas.size * canvas.size];
    float[] share = new float[signed.length];
    Arrays.fill(signed, FAR);
    trace(signed, share);
    Noise uneven = new Noise(chance);
    float width = chance.between(1.3, 3);
    float depth = chance.between(0.18, 0.5) * (chance.happens(0.3) ? -1 : 1);
    for (int i = 0; i < signed.length; i++) {
      float d = Math.abs(signed[i]);
      if (d < 5) {
        float t = share[i];
        float half = width / 2 * (0.6f + 1.6f * t * (1 - t));
        half = Math.max(0.6f, half); // thinner than a pixel, its label would fall apart
        float strength = depth * (0.75f + 0.25f * uneven.at(6 * t, 0.5f));
        float core = Canvas.clamp(half + 0.5f - d);
        float lip = Canvas.bell(signed[i] - half - 0.7f, 0.7f);
        canvas.light[i] *= 1 - strength * core + 0.4f * Math.abs(strength) * lip;
        if (d <= half) {
          canvas.label[i] = SCRATCH;
        }
      }
    }
  }

  /** Fills in the signed distance to a quadratic Bézier curve, and how far along it that is. */
  private void trace(float[] signed, float[] share) {
    float length = chance.between(28, 130) * scale;
    double heading = chance.between(0, 6.2832);
    float x0 = chance.between(0.08, 0.92) * canvas.size;
    float y0 = chance.between(0.08, 0.92) * canvas.size;
    float x2 = x0 + length * (float) StrictMath.cos(heading);
    float y2 = y0 + length * (float) StrictMath.sin(heading);
    float bend = chance.between(-0.25, 0.25);
    float x1 = (x0 + x2) / 2 - bend * (y2 - y0);
    float y1 = (y0 + y2) / 2 + bend * (x2 - x0);
    int segments = Math.max(8, (int) (length / 4));
    float px = x0;
    float py = y0;
    for (int s = 1; s <= segments; s++) {
      float t = (float) s / segments;
      float qx = (1 - t) * (1 - t) * x0 + 2 * t * (1 - t) * x1 + t * t * x2;
      float qy = (1 - t) * (1 - t) * y0 + 2 * t * (1 - t) * y1 + t * t * y2;
      segment(px, py, qx, qy, s - 1, segments, signed, share);
      px = qx;
      py = qy;
    }
  }

  private void segment(
      float px, float py, float qx, float qy, int s, int segments, float[] signed, float[] share) {
    float dx = qx - px;
    float dy = qy - py;
    float square = Math.max(1e-6f, dx * dx + dy * dy);
    for (int y = canvas.from(Math.min(py, qy) - 5); y < canvas.to(Math.max(py, qy) + 5); y++) {
      for (int x = canvas.from(Math.min(px, qx) - 5); x < canvas.to(Math.max(px, qx) + 5); x++) {
        float t = Canvas.clamp(((x - px) * dx + (y - py) * dy) / square);
        float ex = x - px - t * dx;
        float ey = y - py - t * dy;
        float d = (float) Math.sqrt(ex * ex + ey * ey);
        int i = canvas.at(x, y);
        if (d < Math.abs(signed[i])) {
          signed[i] = dx * ey - dy * ex < 0 ? -d : d;
          share[i] = (s + t) / segments;
        }
      }
    }
  }

  /** A shallow bowl: shaded by its slope against the lamp, with a bright arc on the rim. */
  private void dent() {
    float rx = chance.between(7, 18) * scale;
    float ry = rx * chance.between(0.55, 1);
    double turn = chance.between(0, 3.1416);
    float cos = (float) StrictMath.cos(turn);
    float sin = (float) StrictMath.sin(turn);
    float cx = chance.between(0.06, 0.94) * canvas.size;
    float cy = chance.between(0.06, 0.94) * canvas.size;
    float depth = chance.between(0.22, 0.5);
    float shine = chance.between(0.1, 0.35);
    float reach = 1.4f * rx;
    for (int y = canvas.from(cy - reach); y < canvas.to(cy + reach); y++) {
      for (int x = canvas.from(cx - reach); x < canvas.to(cx + reach); x++) {
        float a = ((x - cx) * cos + (y - cy) * sin) / rx;
        float b = ((y - cy) * cos - (x - cx) * sin) / ry;
        float r = (float) Math.sqrt(a * a + b * b);
        if (r < 1.4f) {
          float toLamp = ((x - cx) * lampX + (y - cy) * lampY) / (rx * Math.max(r, 0.05f));
          float slope = r < 1 ? 2.6f * r * (1 - r * r) : 0; // of the bowl (1 − r²)², to about 1
          float facing = Canvas.clamp(-toLamp);
          float arc = Canvas.bell(r - 0.9f, 0.13f) * facing * facing * facing;
          int i = canvas.at(x, y);
          float bowl = r < 1 ? 0.12f * (1 - r * r) : 0;
          canvas.light[i] *= 1 - depth * (slope * toLamp + bowl);
          canvas.light[i] += shine * arc;
          if (r <= 0.97f) {
            canvas.label[i] = DENT;
          }
        }
      }
    }
  }

  /** A tiny dark disc, its rim lit on one side. */
  private void pinhole() {
    float radius = chance.between(1.5, 4);
    float cx = chance.between(0.04, 0.96) * canvas.size;
    float cy = chance.between(0.04, 0.96) * canvas.size;
    float depth = chance.between(0.35, 0.85);
    for (int y = canvas.from(cy - radius - 4); y < canvas.to(cy + radius + 4); y++) {
      for (int x = canvas.from(cx - radius - 4); x < canvas.to(cx + radius + 4); x++) {
        float d = (float) Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy));
        float core = Canvas.clamp((radius + 0.6f - d) / 1.2f);
        float lit = Canvas.clamp(-((x - cx) * lampX + (y - cy) * lampY) / Math.max(d, 0.5f));
        int i = canvas.at(x, y);
        canvas.light[i] *= 1 - depth * core;
        canvas.light[i] += 0.15f * lit * Canvas.bell(d - radius - 0.8f, 0.8f);
        if (d <= radius) {
          canvas.label[i] = PINHOLE;
        }
      }
    }
  }
}
