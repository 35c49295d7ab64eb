package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/**
 * Joins the maps of a pyramid, finest first and each half the grid of the one before: every map
 * goes to one width by a 1×1 convolution, the coarser sum is resized onto the finer map and added,
 * and {@code fuse} smooths the finest sum. Source: feature pyramid networks (Lin et al., 2017).
 * Departure: one smoothing convolution, at the level that is used, and bilinear resizing.
 */
final class TopDown {
  private final List<ConvNorm> laterals = new ArrayList<>();
  private final List<BilinearResize> resizes = new ArrayList<>();
  private final List<Integer> channels;
  private final Layer fuse;

  /**
   * @param channels of each map
   * @param height the finest map's
   */
  private TopDown(
      Weights weights,
      String name,
      List<Integer> channels,
      int through,
      int height,
      int width,
      Norm norm,
      Layer fuse) {
    for (int i = 0; i < channels.size(); i++) {
      Kernel kernel = Kernel.of(channels.get(i), through, 1);
      laterals.add(new ConvNorm(weights, name + ".lateral" + i, kernel, norm));
      if (i > 0) {
        resizes.add(BilinearResize.by(2, height >> i, width >> i));
      }
    }
    this.channels = List.copyOf(channels);
    this.fuse = fuse;
  }

  /** Of each map that it joins. */
  List<Integer> channels() {
    return channels;
  }

  /**
   * One whose sum a 3×3 convolution smooths.
   *
   * @param channels of each map, from stride 4 on
   */
  static TopDown dense(
      Weights weights,
      StudentConfig config,
      List<Integer> channels,
      InputSize input,
      Nonlinearity activation) {
    Kernel kernel = Kernel.of(config.decoder(), config.embedding(), 3);
    Layer fuse =
        Sequence.of(
            activation, new ConvNorm(weights, Student.PREFIX + "fuse", kernel, config.norm()));
    return of(weights, config, channels, input, fuse);
  }

  /** One whose sum a depthwise separable convolution smooths. */
  static TopDown separable(
      Weights weights, StudentConfig config, InputSize input, Nonlinearity activation) {
    Layer fuse =
        DepthwiseSeparable.of(
            weights,
            Student.PREFIX + "fuse",
            config.decoder(),
            config.embedding(),
            config.norm(),
            activation);
    return of(weights, config, config.channels(), input, fuse);
  }

  private static TopDown of(
      Weights weights, StudentConfig config, List<Integer> channels, InputSize input, Layer fuse) {
    InputSize.Grid finest = input.atStride(PyramidStudent.STRIDE);
    return new TopDown(
        weights,
        Student.PREFIX + "decoder",
        channels,
        config.decoder(),
        finest.height(),
        finest.width(),
        config.norm(),
        fuse);
  }

  NDArray forward(List<NDArray> maps, boolean training) {
    int last = maps.size() - 1;
    NDArray sum = laterals.get(last).forward(maps.get(last), training);
    for (int i = last - 1; i >= 0; i--) {
      NDArray lateral = laterals.get(i).forward(maps.get(i), training);
      sum = lateral.add(resizes.get(i).forward(sum, training));
    }
    return fuse.forward(sum, training);
  }

  String export(OnnxGraph graph, List<String> maps) {
    int last = maps.size() - 1;
    String sum = laterals.get(last).export(graph, maps.get(last));
    for (int i = last - 1; i >= 0; i--) {
      String lateral = laterals.get(i).export(graph, maps.get(i));
      sum = graph.node("Add", List.of(lateral, resizes.get(i).export(graph, sum)));
    }
    return fuse.export(graph, sum);
  }
}
