package stillhouse.points;

import com.fasterxml.jackson.databind.JsonNode;
import stillhouse.tensor.FloatTensor;

/** Maps as dense_points.py makes them. */
final class Bumps {
  private Bumps() {}

  /** [C, height, width] of a list of maps. */
  static FloatTensor maps(JsonNode each, int height, int width) {
    float[] all = new float[each.size() * height * width];
    for (int c = 0; c < each.size(); c++) {
      float[] map = map(each.get(c), height, width);
      System.arraycopy(map, 0, all, c * map.length, map.length);
    }
    return new FloatTensor(new int[] {each.size(), height, width}, all);
  }

  static float[] map(JsonNode map, int height, int width) {
    int longer = Math.max(height, width);
    float[] field = new float[height * width];
    for (int i = 0; i < field.length; i++) {
      double x = (i % width + 0.5) / longer;
      double y = (i / width + 0.5) / longer;
      double value = map.get("base").asDouble();
      for (JsonNode bump : map.get("bumps")) {
        double dx = x - bump.get(1).asDouble();
        double dy = y - bump.get(2).asDouble();
        double s = bump.get(3).asDouble();
        value += bump.get(0).asDouble() * Math.exp(-(dx * dx + dy * dy) / (2 * s * s));
      }
      field[i] = (float) value;
    }
    return field;
  }
}
