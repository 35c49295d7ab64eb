package stillhouse.jobs;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import stillhouse.quantize.Activations;
import stillhouse.quantize.Calibration;
import stillhouse.quantize.QdqModel;
import stillhouse.quantize.QdqOptions;
import stillhouse.quantize.Sensitivity;
import stillhouse.quantize.Target;

/**
 * A run's student in INT8 while it trains, made as export makes it unless it is told otherwise:
 * ranges by percentile, layers that cost more than the limit in float. Which layers those are is
 * measured once a run, at the first look that exceeds the limit, since it takes a file a layer; the
 * later looks keep them, those of later drivers too.
 */
final class RoundedStudent {
  private final Supplier<List<float[]>> images;
  private final InFloatLayers kept;

  /**
   * @param images training images, each [3, H, W]
   * @param kept the run's
   */
  RoundedStudent(Supplier<List<float[]>> images, InFloatLayers kept) {
    this.images = images;
    this.kept = kept;
  }

  /**
   * @param model the FP32 file
   * @return the INT8 file, for TensorRT
   */
  byte[] of(byte[] model) {
    List<float[]> all = images.get();
    Activations activations = Activations.of(model, all.iterator());
    Set<String> left = kept.read().orElseGet(() -> measured(model, activations, all));
    return QdqModel.of(
        model, activations, new QdqOptions(Target.TENSORRT, Calibration.PERCENTILE, left));
  }

  private Set<String> measured(byte[] model, Activations activations, List<float[]> all) {
    Sensitivity.Choice choice =
        Sensitivity.of(
            model,
            activations,
            Target.TENSORRT,
            Calibration.PERCENTILE,
            all.subList(0, Math.min(Int8Calibration.COMPARED, all.size())),
            Sensitivity.LIMIT);
    return choice.layers().isEmpty() ? choice.inFloat() : kept.keep(choice.inFloat());
  }
}
