package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.Components;
import stillhouse.scene.Scenes;

/**
 * Average precision against the published COCO evaluation, pycocotools 2.0.11, by {@code
 * reference/instance_ap.py}.
 */
class InstanceReferenceTest {
  private static final double LAST_DIGITS = 1e-9;

  @Test
  void agreesWithThePublishedEvaluationOnRandomMasks() throws IOException {
    var tally = new Tally(3);
    for (JsonNode pair : ReferenceCountsTest.resource("random_masks.json")) {
      tally.add(
          ReferenceCountsTest.unrun(pair, "predicted"), ReferenceCountsTest.unrun(pair, "actual"));
    }
    tally.check(ReferenceCountsTest.resource("instance_ap.json").get("random"));
  }

  @Test
  void agreesWithThePublishedEvaluationOnDrawnScenes() throws IOException {
    var tally = new Tally(Scenes.CLASSES.size());
    for (int i = 0; i < 6; i++) {
      ClassMask truth = Scenes.draw(11, i, 96).mask();
      tally.add(ReferenceCountsTest.shift(truth, -1, 1), truth);
    }
    tally.check(ReferenceCountsTest.resource("instance_ap.json").get("scenes"));
  }

  /** Sums images; scores are those that the program gives its detections, in the same order. */
  private static final class Tally {
    private final int classes;
    private final long[] truths;
    private final Map<Detection, Long> detections = new HashMap<>();
    private int number;

    Tally(int classes) {
      this.classes = classes;
      this.truths = new long[classes];
    }

    void add(ClassMask predicted, ClassMask actual) {
      ImageInstances found =
          new InstanceMatcher(classes).match(predicted, actual, margins(predicted, actual));
      for (int c = 0; c < classes; c++) {
        truths[c] += found.truths().get(c);
      }
      found.detections().forEach(d -> detections.merge(d, 1L, Long::sum));
    }

    private float[] margins(ClassMask predicted, ClassMask actual) {
      byte[] counted = predicted.classes().clone();
      LabelPlanes.clearIgnored(counted, actual.classes().clone(), counted.length);
      Components.Runs runs =
          Components.runs(new ClassMask(predicted.width(), predicted.height(), counted));
      double[] scores = new double[runs.components().size()];
      for (int c = 1; c <= classes; c++) {
        for (int i = 0; i < scores.length; i++) {
          if (runs.components().get(i).classId() == c) {
            scores[i] = (number++ * 7919L % 997 + 1) / 1000.0;
          }
        }
      }
      float[] margins = new float[counted.length];
      for (int run = 0; run < runs.count(); run++) {
        double score = scores[runs.component(run)];
        for (int pixel = runs.start(run); pixel < runs.end(run); pixel++) {
          margins[pixel] = (float) Math.log(score / (1 - score));
        }
      }
      return margins;
    }

    void check(JsonNode expected) {
      List<Long> instances = new ArrayList<>();
      expected.get("instances").forEach(n -> instances.add(n.asLong()));
      assertThat(truths).containsExactly(instances.stream().mapToLong(Long::longValue).toArray());
      assertThat(number).isEqualTo(expected.get("detections").asInt());
      for (InstanceScores.Overlap overlap : InstanceScores.Overlap.values()) {
        JsonNode figures = expected.get(overlap.name().toLowerCase(Locale.ROOT));
        for (int threshold = 1; threshold <= Detection.THRESHOLDS; threshold++) {
          double sum = 0;
          for (JsonNode ofClass : figures) {
            sum += ofClass.get(threshold - 1).asDouble();
          }
          assertThat(new InstanceScores(instances, detections).mean(overlap, threshold))
              .as("%s, threshold %d", overlap, threshold)
              .hasValueCloseTo(sum / classes, within(LAST_DIGITS));
        }
      }
    }
  }
}
