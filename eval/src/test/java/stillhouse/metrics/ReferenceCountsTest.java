package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.scene.Scenes;

/**
 * Counts and scores against published packages: boundary counts and boundary IoU of
 * faster-coco-eval, IoU and Dice of scikit-learn; their versions are in each file's {@code
 * made_with}. Made by {@code reference/boundary_iou.py} and {@code overlap_scores.py}.
 */
class ReferenceCountsTest {
  private static final int RANDOM_CLASSES = 3;
  private static final int NEU_SEG_CLASSES = 3;
  private static final long SCENE_SEED = 11;
  private static final int SCENE_SIZE = 96;

  @Test
  void agreesWithPublishedPackagesOnRandomMasks() throws IOException {
    JsonNode masks = resource("random_masks.json");
    JsonNode counts = cases("random_counts.json", 10);
    JsonNode scores = cases("random_scores.json", 10);
    for (int i = 0; i < masks.size(); i++) {
      ClassMask predicted = unrun(masks.get(i), "predicted");
      ClassMask actual = unrun(masks.get(i), "actual");
      check("case " + i, RANDOM_CLASSES, predicted, actual, counts.get(i), scores.get(i));
    }
  }

  @Test
  void agreesWithPublishedPackagesOnDrawnScenes() throws IOException {
    checkPictures(
        "scene",
        24,
        Scenes.CLASSES.size(),
        file -> {
          int index = Integer.parseInt(file.substring(0, file.indexOf('.')));
          return Scenes.draw(SCENE_SEED, index, SCENE_SIZE).mask();
        });
  }

  @Test
  void agreesWithPublishedPackagesOnRealDefects() throws IOException {
    Optional<Path> folder = neuSeg();
    assumeTrue(folder.isPresent(), "NEU-Seg is not here: set STILLHOUSE_NEU_SEG to its folder");
    Path truths = folder.get().resolve("annotations/test");
    checkPictures("neu_seg", 96, NEU_SEG_CLASSES, file -> mask(truths.resolve(file)));
  }

  /** Each named mask against itself displaced and shrunk, and against another. */
  private static void checkPictures(
      String set, int size, int classes, Function<String, ClassMask> masks) throws IOException {
    JsonNode counts = cases(set + "_counts.json", size);
    JsonNode scores = cases(set + "_scores.json", size);
    for (int i = 0; i < size; i++) {
      JsonNode each = counts.get(i);
      String how = each.get("prediction").asText();
      String name = each.get("file").asText() + ", " + how;
      ClassMask actual = masks.apply(each.get("file").asText());
      ClassMask predicted =
          switch (how) {
            case "shift 3 -2" -> shift(actual, 3, -2);
            case "shift -1 1" -> shift(actual, -1, 1);
            case "shrink" -> shrink(actual);
            default -> masks.apply(each.get("other").asText());
          };
      check(name, classes, predicted, actual, each, scores.get(i));
    }
  }

  private static void check(
      String name,
      int classes,
      ClassMask predicted,
      ClassMask actual,
      JsonNode counted,
      JsonNode scored) {
    ImageCounts counts = new MaskCounter(classes).count(predicted, actual);
    assertThat(counts).as(name).isEqualTo(counts(classes, counted));
    assertThat(BoundaryBand.thicknessPixels(actual.width(), actual.height()))
        .as(name)
        .isEqualTo(counted.get("thickness").asInt());
    for (int c = 0; c <= classes; c++) {
      assertScore(name, counts.value(Metric.BOUNDARY_IOU, c), counted.get("boundary_iou").get(c));
    }
    for (Metric metric : new Metric[] {Metric.IOU, Metric.DICE}) {
      JsonNode scores = scored.get(metric.key());
      for (int c = 1; c <= classes; c++) {
        assertScore(name, counts.value(metric, c), scores.get("classes").get(c - 1));
      }
      assertScore(name, counts.mean(metric), scores.get("mean"));
      assertScore(name, counts.value(metric, ClassCounts.FOREGROUND), scores.get("foreground"));
    }
  }

  private static void assertScore(String name, OptionalDouble score, JsonNode expected) {
    assertThat(score.isPresent()).as(name).isEqualTo(!expected.isNull());
    if (score.isPresent()) {
      assertThat(score.getAsDouble()).as(name).isCloseTo(expected.asDouble(), within(1e-12));
    }
  }

  static ClassMask unrun(JsonNode pair, String which) {
    int width = pair.get("width").asInt();
    int height = pair.get("height").asInt();
    byte[] labels = new byte[width * height];
    JsonNode runs = pair.get(which);
    int at = 0;
    for (int i = 0; i < runs.size(); i += 2) {
      int end = at + runs.get(i + 1).asInt();
      Arrays.fill(labels, at, end, (byte) runs.get(i).asInt());
      at = end;
    }
    return new ClassMask(width, height, labels);
  }

  private static ImageCounts counts(int classes, JsonNode expected) {
    long[] flat = new long[CountLayout.length(classes)];
    int at = 0;
    for (String kind : new String[] {"area", "boundary"}) {
      for (JsonNode overlap : expected.get(kind)) {
        for (JsonNode count : overlap) {
          flat[at++] = count.asLong();
        }
      }
    }
    return ImageCounts.fromArray(classes, flat);
  }

  static ClassMask shift(ClassMask mask, int dx, int dy) {
    byte[] moved = new byte[mask.classes().length];
    for (int i = 0; i < moved.length; i++) {
      int x = i % mask.width() - dx;
      int y = i / mask.width() - dy;
      boolean inside = x >= 0 && y >= 0 && x < mask.width() && y < mask.height();
      moved[i] = inside ? (byte) mask.at(x, y) : 0;
    }
    return new ClassMask(mask.width(), mask.height(), moved);
  }

  /** Keeps a pixel where the 5×5 around it is inside the image and all of its class. */
  private static ClassMask shrink(ClassMask mask) {
    byte[] kept = new byte[mask.classes().length];
    for (int y = 2; y < mask.height() - 2; y++) {
      for (int x = 2; x < mask.width() - 2; x++) {
        boolean whole = true;
        for (int k = 0; k < 25; k++) {
          whole &= mask.at(x + k % 5 - 2, y + k / 5 - 2) == mask.at(x, y);
        }
        kept[y * mask.width() + x] = whole ? (byte) mask.at(x, y) : 0;
      }
    }
    return new ClassMask(mask.width(), mask.height(), kept);
  }

  private static Optional<Path> neuSeg() {
    String named = System.getenv("STILLHOUSE_NEU_SEG");
    Path folder = Path.of(named != null ? named : "../../shared/data/neu_seg");
    return Optional.of(folder).filter(f -> Files.isDirectory(f.resolve("annotations/test")));
  }

  private static ClassMask mask(Path file) {
    try {
      return ImageCodec.decodeMask(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode cases(String name, int size) throws IOException {
    JsonNode cases = resource(name).get("cases");
    assertThat(cases).as(name).hasSize(size);
    return cases;
  }

  static JsonNode resource(String name) throws IOException {
    try (InputStream in = ReferenceCountsTest.class.getResourceAsStream("/reference/" + name)) {
      return new ObjectMapper().readTree(in);
    }
  }
}
