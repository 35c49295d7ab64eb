package stillhouse.structure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stillhouse.data.ImageCodec;
import stillhouse.scene.Scene;
import stillhouse.scene.Scenes;
import stillhouse.tensor.FloatTensor;

/**
 * E, C and D against scikit-image's structure tensor and SciPy's windows in float64, and W against
 * NumPy: on random maps, drawn scenes and, where NEU-Seg is there, real images. Made by {@code
 * reference/structure.py}; versions are in each file's {@code made_with}.
 */
class StructureReferenceTest {
  private static final long SCENE_SEED = 11;
  private static final int SCENE_SIZE = 192;
  private static final int CELL = 4; // pixels a side
  private static final int RADIUS = 7;
  private static final int EVERY = 61; // of a picture's cells, those that the figures keep

  @Test
  void agreesWithPublishedPackagesOnRandomMaps() throws IOException {
    for (JsonNode wanted : read("structure.json").get("cases")) {
      var features = new FloatTensor(ints(wanted.get("shape")), floats(wanted.get("features")));
      String name = wanted.get("name").asText();
      maps(features, wanted.get("radius").asInt())
          .forEach(
              (key, map) ->
                  StructureTensorTest.close(name + ": " + key, map, floats(wanted.get(key))));
    }
  }

  @Test
  void agreesWithPublishedPackagesOnDrawnScenes() throws IOException {
    JsonNode cases = read("structure_pictures.json").get("scenes");
    assertThat(cases).hasSize(4);
    for (int i = 0; i < cases.size(); i++) {
      check(cases.get(i), Scenes.draw(SCENE_SEED, i, SCENE_SIZE));
    }
  }

  @Test
  void agreesWithPublishedPackagesOnRealImages() throws IOException {
    Optional<Path> folder = neuSeg();
    assumeTrue(folder.isPresent(), "NEU-Seg is not here: set STILLHOUSE_NEU_SEG to its folder");
    JsonNode cases = read("structure_pictures.json").get("neu_seg");
    assertThat(cases).hasSize(12);
    for (JsonNode wanted : cases) {
      String name = wanted.get("file").asText();
      Path mask = folder.get().resolve("annotations/test").resolve(name.replace(".jpg", ".png"));
      byte[] image = Files.readAllBytes(folder.get().resolve("images/test").resolve(name));
      check(
          wanted,
          new Scene(ImageCodec.decodeRgb(image), ImageCodec.decodeMask(Files.readAllBytes(mask))));
    }
  }

  private static void check(JsonNode wanted, Scene picture) {
    String name = wanted.get("file").asText();
    FloatTensor features = features(picture);
    assertThat(features.shape()).isEqualTo(ints(wanted.get("shape")));
    for (int c = 0; c < features.dim(0); c++) {
      assertThat(sum(features, c))
          .as("%s: features, channel %d", name, c)
          .isEqualTo(wanted.get("sums").get(c).asDouble());
    }
    maps(features, RADIUS)
        .forEach((key, map) -> checkCells(name + ": " + key, map, wanted.get(key)));
  }

  /** A few cells, and the largest of all, each within 1e-6 of the largest. */
  private static void checkCells(String what, FloatTensor map, JsonNode wanted) {
    double largest = wanted.get("largest").asDouble();
    double found = 0;
    for (float v : map.data()) {
      found = Math.max(found, v);
    }
    assertThat(found).as(what).isCloseTo(largest, within(1e-6 * largest));
    float[] cells = floats(wanted.get("cells"));
    assertThat(cells).as(what).hasSize((map.data().length + EVERY - 1) / EVERY);
    for (int i = 0; i < cells.length; i++) {
      assertThat((double) map.data()[i * EVERY])
          .as("%s at %d", what, i * EVERY)
          .isCloseTo(cells[i], within(1e-6 * largest));
    }
  }

  /** All that the figures hold of a feature map, by their names there. */
  private static Map<String, FloatTensor> maps(FloatTensor features, int radius) {
    StructureMaps maps = StructureTensor.maps(features, radius);
    Weighting full = Weighting.named("full");
    Map<String, FloatTensor> all = new LinkedHashMap<>();
    all.put("e", maps.e());
    all.put("c", maps.c());
    all.put("d", maps.d());
    all.put("full_unit_mean", StructureMap.of(maps, full).weights());
    all.put("full_raw", StructureMap.of(maps, full.with(Weighting.Components.RAW)).weights());
    all.put("e_c_unit_mean", StructureMap.of(maps, Weighting.named("E+C")).weights());
    return all;
  }

  /**
   * [3, H/4, W/4]: means over cells of a picture's green, of its square, and of what is a defect.
   * Whole numbers over powers of two, so the script has the same bits.
   */
  private static FloatTensor features(Scene picture) {
    int width = picture.mask().width() / CELL;
    int height = picture.mask().height() / CELL;
    int cells = height * width;
    int[] sums = new int[3 * cells];
    for (int y = 0; y < height * CELL; y++) {
      for (int x = 0; x < width * CELL; x++) {
        int green = picture.image().rgb()[3 * (y * picture.image().width() + x) + 1] & 0xff;
        int cell = y / CELL * width + x / CELL;
        sums[cell] += green;
        sums[cells + cell] += green * green;
        sums[2 * cells + cell] += picture.mask().at(x, y) > 0 ? 1 : 0;
      }
    }
    float[] features = new float[sums.length];
    float[] units = {1, 1 / 256f, 64};
    for (int i = 0; i < sums.length; i++) {
      features[i] = sums[i] * units[i / cells] / (CELL * CELL);
    }
    return new FloatTensor(new int[] {3, height, width}, features);
  }

  private static double sum(FloatTensor features, int channel) {
    int cells = features.dim(1) * features.dim(2);
    double sum = 0;
    for (int i = 0; i < cells; i++) {
      sum += features.data()[channel * cells + i];
    }
    return sum;
  }

  private static Optional<Path> neuSeg() {
    String named = System.getenv("STILLHOUSE_NEU_SEG");
    Path folder = Path.of(named != null ? named : "../../shared/data/neu_seg");
    return Optional.of(folder).filter(f -> Files.isDirectory(f.resolve("images/test")));
  }

  private static JsonNode read(String name) throws IOException {
    try (var in = StructureReferenceTest.class.getResourceAsStream("/reference/" + name)) {
      return new ObjectMapper().readTree(in);
    }
  }

  private static float[] floats(JsonNode values) {
    float[] out = new float[values.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) values.get(i).asDouble();
    }
    return out;
  }

  private static int[] ints(JsonNode values) {
    int[] out = new int[values.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = values.get(i).asInt();
    }
    return out;
  }
}
