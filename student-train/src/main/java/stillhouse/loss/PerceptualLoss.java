package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import stillhouse.identity.Sha256;
import stillhouse.onnx.FrozenNetwork;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Distance of the two embeddings as a frozen network φ sees them:
 *
 * <pre>
 *   L = 1/J Σ_j 1/(C_j h_j w_j) ‖φ_j(x_S) − φ_j(x_T)‖²,   x = {@link ThreeChannels}(F)
 * </pre>
 *
 * with φ_j the activations of layer j.
 *
 * <p>Shapes: student embedding [B, C_s, h, w], brought beside the teacher's by an {@link
 * EmbeddingAdapter}; teacher embedding [B, C, g, g]; x [B, 3, g, g]. Result [B].
 *
 * <p>Source: the feature reconstruction loss of Johnson et al., "Perceptual Losses for Real-Time
 * Style Transfer and Super-Resolution", ECCV 2016; seed kd-sam adds it to the mean squared error,
 * through a pretrained VGG. Departures: the mean over layers for their sum; how a network for
 * images sees an embedding of any number of channels is ours, since neither source says; and φ is
 * {@link RandomVgg} unless a file is named. What such a loss sees is the network's structure: with
 * random weights it has served image and dense prediction tasks alike (Liu et al., "Generic
 * Perceptual Loss for Modeling Structured Output Dependencies", CVPR 2021), here it is not VGG's
 * semantics.
 */
final class PerceptualLoss implements Loss {
  /**
   * Parameters in a recipe, {@code perceptual}.
   *
   * @param network an ONNX file, an absolute path that every executor can read; null: {@link
   *     RandomVgg}. No part of an identity, which the digest is
   * @param sha256 of the file; null without one
   * @param layers names of values or nodes of the file, or of the VGG's activations
   * @param projection how channels become three
   * @param width channels of the VGG's first block; null beside a file
   * @param seed of the VGG's weights and of a random projection
   */
  record Settings(
      double weight,
      @JsonProperty(access = JsonProperty.Access.WRITE_ONLY) String network,
      String sha256,
      List<String> layers,
      ThreeChannels.Kind projection,
      Integer width,
      Long seed)
      implements LossSettings, Serializable {
    private static final int WIDTH = 64; // VGG-16's

    Settings {
      requireWhole(network, sha256, layers, width);
      layers = layers == null ? RandomVgg.LAYERS : List.copyOf(layers);
      projection = projection == null ? ThreeChannels.Kind.PCA : projection;
      width = width == null && network == null ? (Integer) WIDTH : width;
      seed = seed == null ? 0 : seed;
      if (network == null) {
        RandomVgg.requireLayers(layers);
      }
    }

    private static void requireWhole(
        String network, String sha256, List<String> layers, Integer width) {
      if (network == null) {
        if (sha256 != null) {
          throw new IllegalArgumentException(
              "Invalid losses.perceptual.sha256: %s (must be of a network, and none is named)"
                  .formatted(sha256));
        }
        return;
      }
      if (sha256 == null || layers == null || width != null || !Path.of(network).isAbsolute()) {
        throw new IllegalArgumentException(
            "Invalid losses.perceptual.network: %s (must be an absolute path, with sha256 and layers beside it, and no width)"
                .formatted(network));
      }
      new Sha256(sha256); // refuses what is no digest
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.TEACHER_EMBEDDING);
    }

    @Override
    public void requireFiles() {
      if (network != null) {
        FrozenNetwork.require(Path.of(network), new Sha256(sha256), layers, ThreeChannels.COUNT);
      }
    }

    @Override
    public Loss create(Assembly assembly) {
      ObjectiveContext context = assembly.context();
      var manager = context.weights().manager();
      Activations seen;
      if (network == null) {
        RandomVgg.requireGrid(context.grid(), layers);
        seen = RandomVgg.create(manager, width, seed, layers)::activations;
      } else {
        seen = new Opened(Path.of(network), new Sha256(sha256), layers, manager)::activations;
      }
      return new PerceptualLoss(
          assembly.adapter(), ThreeChannels.create(projection, seed, context), seen);
    }
  }

  /** What the frozen network makes of an image, layer by layer. */
  @FunctionalInterface
  interface Activations {
    List<NDArray> of(NDArray image);
  }

  /** A file that is read when it is first asked: who only exports a student needs none. */
  private static final class Opened {
    private final Path file;
    private final Sha256 sha256;
    private final List<String> layers;
    private final NDManager owner;
    private FrozenNetwork network; // null before

    Opened(Path file, Sha256 sha256, List<String> layers, NDManager owner) {
      this.file = file;
      this.sha256 = sha256;
      this.layers = layers;
      this.owner = owner;
    }

    List<NDArray> activations(NDArray image) {
      if (network == null) {
        // A manager of its own: what a step leaves in the weights' own is closed with the step.
        network = FrozenNetwork.open(file, sha256, layers, owner.newSubManager());
      }
      return network.activations(image);
    }
  }

  private final EmbeddingAdapter adapter;
  private final ThreeChannels image;
  private final Activations network;

  PerceptualLoss(EmbeddingAdapter adapter, ThreeChannels image, Activations network) {
    this.adapter = adapter;
    this.image = image;
    this.network = network;
  }

  @Override
  public Supervision supervision() {
    return Supervision.TEACHER;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    NDArray teacher = image.of(adapter.teacher(targets));
    NDArray own = image.of(adapter.student(student, targets));
    NDArray deviation = ThreeChannels.deviation(teacher);
    List<NDArray> theirs = network.of(teacher.div(deviation));
    List<NDArray> ours = network.of(own.div(deviation));
    NDArray sum = apart(ours.get(0), theirs.get(0));
    for (int j = 1; j < ours.size(); j++) {
      sum = sum.add(apart(ours.get(j), theirs.get(j)));
    }
    return Scalar.over(sum, ours.size());
  }

  private static NDArray apart(NDArray one, NDArray other) {
    return FeatureMaps.meanPerSample(one.sub(other).square());
  }
}
