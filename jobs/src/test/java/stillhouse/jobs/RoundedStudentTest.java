package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.quantize.Activations;
import stillhouse.quantize.Calibration;
import stillhouse.quantize.QdqModel;
import stillhouse.quantize.QdqOptions;
import stillhouse.quantize.Target;

/** On models/tiny_segmenter.py, whose one layer is a convolution of the image. */
class RoundedStudentTest {
  private static final Path ONNX = Path.of("../eval/src/test/resources/models/tiny_segmenter.onnx");
  private static final int VALUES = 3 * 16 * 24;

  @TempDir Path checkpoints;

  @Test
  void theFileIsTheOneThatExportWritesOfTheSameImages() throws IOException {
    byte[] model = model();
    List<float[]> images = images(1, 0);
    assertThat(rounded(images).of(model)).isEqualTo(exported(model, images));
  }

  /** Two bright values in 36,864: a percentile cuts them off, and the logits above them fall. */
  @Test
  void aLayerThatCostsTooMuchStaysInFloatAndIsNotMeasuredAgain() throws IOException {
    byte[] model = model();
    List<float[]> images = new ArrayList<>(images(0.01, 2));
    var rounded = rounded(images);
    byte[] first = rounded.of(model);
    assertThat(first)
        .isEqualTo(exported(model, images, "conv"))
        .isNotEqualTo(exported(model, images));
    images.clear();
    images.addAll(images(1, 0));
    assertThat(rounded.of(model)).isEqualTo(exported(model, images, "conv"));
    assertThat(rounded(images).of(model))
        .as("the next driver's")
        .isEqualTo(exported(model, images, "conv"));
  }

  @Test
  void ofTwoDriversThatMeasureTheFirstOnesLayersStand() {
    var layers = InFloatLayers.of(checkpoints.toString(), new Configuration());
    assertThat(layers.read()).isEmpty();
    assertThat(layers.keep(Set.of("head", "conv"))).containsExactly("conv", "head");
    assertThat(layers.keep(Set.of("stem"))).containsExactly("conv", "head");
    assertThat(checkpoints.resolve("int8")).isDirectoryNotContaining("glob:**.part");
  }

  private RoundedStudent rounded(List<float[]> images) {
    return new RoundedStudent(
        () -> images, InFloatLayers.of(checkpoints.toString(), new Configuration()));
  }

  private static byte[] exported(byte[] model, List<float[]> images, String... inFloat) {
    return QdqModel.of(
        model,
        Activations.of(model, images.iterator()),
        new QdqOptions(Target.TENSORRT, Calibration.PERCENTILE, Set.of(inFloat)));
  }

  /**
   * @param limit of the values
   * @param bright how many values of the first image are 1
   */
  private static List<float[]> images(double limit, int bright) {
    SplittableRandom random = new SplittableRandom(7);
    List<float[]> images = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      float[] image = new float[VALUES];
      for (int k = 0; k < VALUES; k++) {
        image[k] = i == 0 && k < bright ? 1 : (float) (limit * random.nextDouble());
      }
      images.add(image);
    }
    return images;
  }

  private static byte[] model() throws IOException {
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(ONNX)).toBuilder();
    model.getGraphBuilder().getNodeBuilder(0).setName("conv");
    return model.build().toByteArray();
  }
}
