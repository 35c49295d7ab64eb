package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/**
 * Which pixels a shape covers, against pycocotools and matplotlib, byte for byte. Made by {@code
 * reference/rasters.py}.
 */
class RasterReferenceTest {
  @Test
  void cocoPolygonsAreThoseOfItsOwnTools() throws IOException {
    JsonNode cases = read().get("polygons");
    assertThat(cases).hasSize(40);
    for (JsonNode wanted : cases) {
      check(wanted, wanted.get("coco"), rings(wanted, CocoPolygon::new));
    }
  }

  @Test
  void polygonsCoverTheCentresInsideThem() throws IOException {
    int checked = 0;
    for (JsonNode wanted : read().get("polygons")) {
      if (wanted.has("exact")) {
        check(wanted, wanted.get("exact"), rings(wanted, Polygon::new));
        checked++;
      }
    }
    assertThat(checked).isEqualTo(32);
  }

  @Test
  void discsCoverTheCentresInTheirRadius() throws IOException {
    for (JsonNode wanted : read().get("discs")) {
      JsonNode d = wanted.get("disc");
      check(
          wanted,
          wanted,
          List.of(new Disc(d.get(0).asDouble(), d.get(1).asDouble(), d.get(2).asDouble())));
    }
  }

  @Test
  void runLengthsInBothFormsAreTheMaskTheyWereMadeOf() throws IOException {
    for (JsonNode wanted : read().get("runs")) {
      int width = wanted.get("width").asInt();
      int height = wanted.get("height").asInt();
      byte[] bits = HexFormat.of().parseHex(wanted.get("rows").asText());
      byte[] mask = new byte[width * height];
      for (int i = 0; i < mask.length; i++) {
        mask[i] = (byte) (bits[i / 8] >> (7 - i % 8) & 1);
      }
      RunLengths packed = decoded(wanted, wanted);
      assertThat(painted(width, height, List.of(packed))).isEqualTo(mask);
      assertThat(packed.area()).isEqualTo(wanted.get("area").asLong());
      if (wanted.hasNonNull("lengths")) {
        long[] lengths = new ObjectMapper().convertValue(wanted.get("lengths"), long[].class);
        RunLengths plain = RunLengths.of(width, height, lengths, lengths.length);
        assertThat(painted(width, height, List.of(plain))).isEqualTo(mask);
      }
    }
  }

  @Test
  void aSquareByHand() {
    // Centres 1.5 and 2.5 lie in [1, 3); the ring's right and lower side are outside.
    byte[] mask = painted(4, 4, List.of(new Polygon(new double[] {1, 1, 3, 1, 3, 3, 1, 3})));
    assertThat(mask).containsExactly(0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0);
    byte[] centres =
        painted(3, 1, List.of(new Polygon(new double[] {0.5, 0, 1.5, 0, 1.5, 1, 0.5, 1})));
    assertThat(centres).as("a centre on the left side is inside").containsExactly(1, 0, 0);
  }

  @Property(tries = 200)
  void trianglesOfAFanShareNoPixelAndLeaveNoneOut(
      @ForAll @Size(10) List<@DoubleRange(min = -5, max = 25) Double> at) {
    double[] p = at.stream().mapToDouble(Double::doubleValue).toArray();
    // Corners of a quadrilateral around (p8, p9): four triangles that meet there.
    int[] sum = new int[20 * 20];
    byte[] whole = painted(20, 20, List.of(new Polygon(java.util.Arrays.copyOf(p, 8))));
    for (int i = 0; i < 8; i += 2) {
      int j = (i + 2) % 8;
      byte[] part =
          painted(
              20,
              20,
              List.of(new Polygon(new double[] {p[i], p[i + 1], p[j], p[j + 1], p[8], p[9]})));
      for (int k = 0; k < sum.length; k++) {
        sum[k] += part[k];
      }
    }
    for (int k = 0; k < sum.length; k++) {
      assertThat(sum[k] % 2).as("pixel " + k).isEqualTo(whole[k]);
    }
  }

  @Property(tries = 200)
  void theTwoRulesDifferOnlyNextToTheRing(
      @ForAll @Size(8) List<@DoubleRange(min = -5, max = 25) Double> at) {
    double[] p = at.stream().mapToDouble(Double::doubleValue).toArray();
    byte[] exact = painted(20, 20, List.of(new Polygon(p)));
    byte[] coco = painted(20, 20, List.of(new CocoPolygon(p)));
    for (int k = 0; k < exact.length; k++) {
      if (exact[k] != coco[k]) {
        assertThat(distance(p, k % 20 + 0.5, k / 20 + 0.5)).as("pixel " + k).isLessThan(1 / 3.0);
      }
    }
  }

  @Test
  void refusesRunLengthsThatAreNoMask() {
    assertThatThrownBy(() -> RunLengths.of(3, 2, new long[] {1, 2}, 2))
        .hasMessage("Unreadable image (mask-rle): run lengths of a 3×2 mask: counts add up to 3");
    assertThatThrownBy(() -> RunLengths.of(3, 2, new long[] {8, -2}, 2))
        .hasMessageContaining("count 8 at 0");
    assertThatThrownBy(() -> RunLengths.ofCompressed(3, 2, "1P"))
        .hasMessageContaining("run 1 has no end");
    assertThatThrownBy(() -> RunLengths.ofCompressed(3, 2, "PPPPPPPPPP1"))
        .hasMessageContaining("run 0 has no end");
    assertThatThrownBy(() -> RunLengths.ofCompressed(3, 2, "1 "))
        .hasMessageContaining("character ' ' at 1");
    assertThatThrownBy(() -> painted(2, 3, List.of(RunLengths.of(3, 2, new long[] {6}, 1))))
        .hasMessageContaining("(mask-size)")
        .hasMessageContaining("of a mask of 3×2, the image is 2×3");
  }

  private static void check(JsonNode shape, JsonNode wanted, List<? extends Shape> shapes) {
    int width = shape.get("width").asInt();
    int height = shape.get("height").asInt();
    byte[] mask = painted(width, height, shapes);
    assertThat(mask)
        .as(shape.path("name").asText())
        .isEqualTo(painted(width, height, List.of(decoded(shape, wanted))));
    int area = 0;
    for (byte value : mask) {
      area += value;
    }
    assertThat(area).isEqualTo(wanted.get("area").asInt());
  }

  private static List<Shape> rings(JsonNode shape, Function<double[], Shape> ring) {
    List<Shape> rings = new ArrayList<>();
    for (JsonNode points : shape.get("rings")) {
      rings.add(ring.apply(new ObjectMapper().convertValue(points, double[].class)));
    }
    return rings;
  }

  private static RunLengths decoded(JsonNode size, JsonNode wanted) {
    return RunLengths.ofCompressed(
        size.get("width").asInt(), size.get("height").asInt(), wanted.get("counts").asText());
  }

  private static byte[] painted(int width, int height, List<? extends Shape> shapes) {
    Painter painter = new Painter(width, height, Layout.Overlap.REFUSE);
    shapes.forEach(shape -> painter.paint(shape, 1));
    return painter.mask().classes();
  }

  /** Of a point from the ring's edges. */
  private static double distance(double[] p, double x, double y) {
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < p.length; i += 2) {
      int j = (i + 2) % p.length;
      double dx = p[j] - p[i];
      double dy = p[j + 1] - p[i + 1];
      double length = dx * dx + dy * dy;
      double t = length == 0 ? 0 : ((x - p[i]) * dx + (y - p[i + 1]) * dy) / length;
      double u = Math.max(0, Math.min(1, t));
      least = Math.min(least, Math.hypot(x - p[i] - u * dx, y - p[i + 1] - u * dy));
    }
    return least;
  }

  private static JsonNode read() throws IOException {
    try (var in = RasterReferenceTest.class.getResourceAsStream("/reference/rasters.json")) {
      return new ObjectMapper().readTree(in);
    }
  }
}
