package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;

/**
 * Against the published boundary code's steps in OpenCV, and scikit-learn's jaccard and F1 scores.
 */
class ReferenceCountsTest {
  private static final int CLASSES = 3;
  private final MaskCounter counter = new MaskCounter(CLASSES);

  @Test
  void countsEqualOpenCvsOnRandomMasks() throws IOException {
    JsonNode masks = resource("random_masks.json");
    JsonNode expected = resource("random_counts.json");
    assertThat(masks).hasSize(10);
    for (int i = 0; i < masks.size(); i++) {
      ImageCounts counts = count(masks.get(i));
      assertThat(counts).as("case %d", i).isEqualTo(counts(expected.get(i)));
      int width = masks.get(i).get("width").asInt();
      int height = masks.get(i).get("height").asInt();
      assertThat(BoundaryBand.thicknessPixels(width, height))
          .isEqualTo(expected.get(i).get("thickness").asInt());
    }
  }

  @Test
  void scoresEqualScikitLearnsOnRandomMasks() throws IOException {
    JsonNode masks = resource("random_masks.json");
    JsonNode expected = resource("random_scores.json");
    for (int i = 0; i < masks.size(); i++) {
      ImageCounts counts = count(masks.get(i));
      for (Metric metric : new Metric[] {Metric.IOU, Metric.DICE}) {
        JsonNode scores = expected.get(i).get(metric.key());
        for (int c = 1; c <= CLASSES; c++) {
          assertScore(counts.value(metric, c), scores.get("classes").get(c - 1));
        }
        assertScore(counts.mean(metric), scores.get("mean"));
        assertScore(counts.value(metric, ClassCounts.FOREGROUND), scores.get("foreground"));
      }
    }
  }

  @Test
  void countsEqualOpenCvsOnRealDefects() throws IOException {
    Optional<Path> folder = neuSeg();
    assumeTrue(folder.isPresent(), "NEU-Seg is not here: set STILLHOUSE_NEU_SEG to its folder");
    Path truths = folder.get().resolve("annotations/test");
    JsonNode cases = resource("neu_seg_counts.json");
    assertThat(cases).hasSize(96);
    for (JsonNode each : cases) {
      ClassMask actual = mask(truths.resolve(each.get("file").asText()));
      String how = each.get("prediction").asText();
      ClassMask predicted =
          switch (how) {
            case "shift 3 -2" -> shift(actual, 3, -2);
            case "shift -1 1" -> shift(actual, -1, 1);
            case "shrink" -> shrink(actual);
            default -> mask(truths.resolve(each.get("other").asText()));
          };
      assertThat(counter.count(predicted, actual))
          .as("%s %s", each.get("file"), how)
          .isEqualTo(counts(each));
    }
  }

  private static void assertScore(OptionalDouble score, JsonNode expected) {
    assertThat(score.isPresent()).isEqualTo(!expected.isNull());
    if (score.isPresent()) {
      assertThat(score.getAsDouble()).isCloseTo(expected.asDouble(), Offset.offset(1e-12));
    }
  }

  private ImageCounts count(JsonNode pair) {
    return counter.count(unrun(pair, "predicted"), unrun(pair, "actual"));
  }

  private static ClassMask unrun(JsonNode pair, String which) {
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

  private static ImageCounts counts(JsonNode expected) {
    long[] flat = new long[CountLayout.length(CLASSES)];
    int at = 0;
    for (String kind : new String[] {"area", "boundary"}) {
      for (JsonNode overlap : expected.get(kind)) {
        for (JsonNode count : overlap) {
          flat[at++] = count.asLong();
        }
      }
    }
    return ImageCounts.fromArray(CLASSES, flat);
  }

  private static ClassMask shift(ClassMask mask, int dx, int dy) {
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

  private static ClassMask mask(Path file) throws IOException {
    BufferedImage image = ImageIO.read(file.toFile());
    int[] samples =
        image.getRaster().getSamples(0, 0, image.getWidth(), image.getHeight(), 0, (int[]) null);
    byte[] labels = new byte[samples.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (byte) samples[i];
    }
    return new ClassMask(image.getWidth(), image.getHeight(), labels);
  }

  private static JsonNode resource(String name) throws IOException {
    try (InputStream in = ReferenceCountsTest.class.getResourceAsStream("/reference/" + name)) {
      return new ObjectMapper().readTree(in);
    }
  }
}
