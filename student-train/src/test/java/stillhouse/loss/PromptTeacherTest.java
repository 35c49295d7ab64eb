package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import stillhouse.decoder.PromptDecoderConfig;
import stillhouse.decoder.PromptDecoders;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptKinds;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.PromptedMasks;
import stillhouse.decoder.Upsampling;
import stillhouse.student.StudentOutput;
import stillhouse.student.Weights;

/**
 * A student of 16×16 pixels upon 4×4 cells, and a teacher upon 8×8, asked about three objects by
 * their boxes: what the loss makes of them is what their decoders say when they are called by hand.
 */
class PromptTeacherTest {
  private static final int SIDE = 16;
  private static final int CHANNELS = 16;
  private static final PromptDecoderConfig TINY =
      new PromptDecoderConfig(
          CHANNELS, 1, 2, 16, 2, 16, 8, 3, Upsampling.FOURFOLD, PromptKinds.ALL);
  private static final PromptGrid STUDENT = new PromptGrid(4, 4, 4);
  private static final PromptGrid TEACHER = new PromptGrid(8, 8, 1, STUDENT.madeFor());
  private static final PromptRounds BOXES = new PromptRounds(3, 4, 0.0, 0, true);

  /** Of each its sample, left, top, right and bottom. */
  private static final int[][] OBJECTS = {
    {0, 1, 2, 6, 8}, {0, 9, 9, 14, 12}, {1, 11, 0, 16, 6},
  };

  private final Bench bench = new Bench();
  private Weights weights;
  private Weights frozen;
  private PromptableDecoder student;
  private PromptableDecoder teacher;
  private NDArray embedding;
  private NDArray cached;

  @BeforeEach
  void make() {
    weights = new Weights(bench.manager, 3);
    frozen = new Weights(bench.manager, 4);
    student = PromptableDecoder.create(TINY, STUDENT, "d.", weights);
    teacher = PromptableDecoder.create(TINY, TEACHER, "t.", frozen);
    embedding = noise(5, 2, CHANNELS, 4, 4);
    cached = noise(6, 2, CHANNELS, 8, 8);
  }

  @AfterEach
  void close() {
    weights.close();
    frozen.close();
    bench.close();
  }

  @Test
  void holdsTheStudentToTheTeachersBestMaskForTheSameBoxInItsOwnPixels() {
    var loop = new PromptLoop(student, BOXES, new PromptLoop.Parts(5, 5, 0), "prompt-teacher");
    var loss = new PromptTeacher(loop, new PromptDecoders(student, () -> teacher));
    NDArray none = bench.manager.create(new float[0], new Shape(0));
    var draws = new Draws(1, 2, new long[] {77, 78});
    Targets targets = new Targets(truth(), none, none, cached, none, draws);
    float[] said =
        loss.perSample(new StudentOutput(embedding, null), targets.part(bench.manager, 0, 2))
            .toFloatArray();

    float[] byHand = {(cost(loop, 0) + cost(loop, 1)) / 2, cost(loop, 2)};
    assertThat(said).containsExactly(byHand, within(1e-4f));
    assertThat(byHand[0]).isPositive();
  }

  /** Of one object: the place of the teacher's greatest predicted IoU, its mask cut at 0. */
  private float cost(PromptLoop loop, int object) {
    PromptedMasks theirs = answer(teacher, cached, object, 8f / SIDE);
    PromptedMasks mine = answer(student, embedding, object, 1);
    float[] ious = theirs.alternatives().ious().toFloatArray();
    int best = 0;
    for (int i = 1; i < ious.length; i++) {
      best = ious[i] > ious[best] ? i : best;
    }
    String place = ":, %d:%d".formatted(best, best + 1);
    NDArray mask = Bilinear.resize(theirs.alternatives().masks().get(place), 16, 16);
    NDArray target = mask.gt(0).toType(DataType.FLOAT32, false);
    NDArray none = bench.manager.create(new float[0], new Shape(0));
    return loop.costs(mine.alternatives().masks().get(place), target, none)[0];
  }

  private PromptedMasks answer(
      PromptableDecoder decoder, NDArray maps, int object, float pixelsOfOne) {
    int[] box = OBJECTS[object];
    float[] corners = new float[4];
    for (int i = 0; i < 4; i++) {
      corners[i] = box[i + 1] * pixelsOfOne;
    }
    return decoder.forward(
        maps.get(box[0] + ":" + (box[0] + 1)),
        bench.manager.create(corners, new Shape(1, 2, 2)),
        bench.manager.create(new float[] {2, 3}, new Shape(1, 2)),
        false);
  }

  private NDArray truth() {
    float[] truth = new float[2 * SIDE * SIDE];
    for (int[] box : OBJECTS) {
      for (int y = box[2]; y < box[4]; y++) {
        for (int x = box[1]; x < box[3]; x++) {
          truth[(box[0] * SIDE + y) * SIDE + x] = 1;
        }
      }
    }
    return bench.manager.create(truth, new Shape(2, 1, SIDE, SIDE));
  }

  private NDArray noise(long seed, long... shape) {
    var random = new SplittableRandom(seed);
    float[] values = new float[Math.toIntExact(new Shape(shape).size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return bench.manager.create(values, new Shape(shape));
  }
}
