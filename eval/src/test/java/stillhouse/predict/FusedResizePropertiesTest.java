package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import stillhouse.data.ClassMask;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/** The kernels that fuse a resize with what follows equal the two steps, to the bit. */
class FusedResizePropertiesTest {
  @Property(tries = 200)
  void equalsTheArgmaxOfTheUpsampledPlanes(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height) {
    Random random = new Random(seed);
    int classes = 1 + random.nextInt(4);
    int[] shape = {classes, 1 + random.nextInt(12), 1 + random.nextInt(12)};
    float[] data = new float[shape[0] * shape[1] * shape[2]];
    double raised = -random.nextInt(3); // a class may be in few rows, or in none
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) (random.nextGaussian() + raised);
    }
    var logits = new FloatTensor(shape, data);
    float[] planes = Resize.bilinear(logits, height, width).data();
    ClassMask mask = Masks.fromLogits(logits, width, height);
    for (int i = 0; i < width * height; i++) {
      int best = 0;
      float largest = 0;
      for (int c = 0; c < classes; c++) {
        float logit = planes[c * width * height + i];
        if (logit > largest) {
          largest = logit;
          best = c + 1;
        }
      }
      assertThat(mask.classes()[i]).isEqualTo((byte) best);
    }
  }

  @Property(tries = 100)
  void theInputIsTheImageResizedAsPlanes(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 6, max = 40) int height) {
    RgbImage image = Drawn.image(seed, Drawn.truth(seed, Math.max(width, 6), height));
    FloatBuffer input = FloatBuffer.allocate(3 * 16 * 24);
    NetworkInput.fill(image, 16, 24, input);
    assertThat(input.array()).isEqualTo(Images.planes(image, 16, 24).data());
  }
}
