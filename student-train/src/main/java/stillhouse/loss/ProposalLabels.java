package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.io.Serializable;
import java.util.Set;
import stillhouse.decoder.DrawnObjects;
import stillhouse.student.HostValues;
import stillhouse.student.ProposalHead;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * A student's proposals against the boxes of labelled objects, whose classes it does not tell
 * apart. Of each sample, over cells i that count, P of which are an object's (y_i = 1, {@link
 * ProposalTargets}),
 *
 * <pre>
 *   l = 1/max(1, P) Σ_i [ y_i α (1 − p_i)^γ softplus(−z_i) + (1 − y_i) (1 − α) p_i^γ softplus(z_i)
 *                         + λ y_i ln((A_i + T_i − I_i + ε) / (I_i + ε)) ]
 * </pre>
 *
 * with objectness z, p = σ(z), α = ¼, γ = 2; A, T and I are the areas, in cells, of the proposed
 * box, the object's and what they share: both hold the cell's middle, so that with distances d and
 * t to the four sides I = (min(d₀, t₀) + min(d₂, t₂)) (min(d₁, t₁) + min(d₃, t₃)). A sample without
 * an object costs what its cells make up. Cells with an ignored pixel count nowhere. The embedding
 * gets no gradient.
 *
 * <p>Shapes: embedding [B, C, h, w], truth [B, K, H, W], h and w dividing H and W; scalar a sample.
 *
 * <p>Source: EdgeSAM (Zhou et al., 2023), "granularity priors", focal loss (Lin et al., 2017) and a
 * box loss; −ln IoU as UnitBox (Yu et al., 2016) and FCOS have it, in place of EdgeSAM's Huber
 * loss, so that small and large boxes weigh alike. Ours: P is the sample's, not the batch's, so
 * that a sample's loss does not depend on the others; ε = {@value #EPSILON} cells, so that a box of
 * no area costs something finite.
 */
final class ProposalLabels implements Loss {
  // Focal loss's published α and γ.
  private static final double ALPHA = 0.25;
  private static final double EPSILON = 0.01;

  /**
   * Parameters in a recipe, {@code proposal-labels}.
   *
   * @param box λ
   * @param centre share of a box's sides within which a cell is its object's, 0…1
   * @param minArea pixels of the student's input below which a component is no object
   */
  record Settings(double weight, Double box, Double centre, Integer minArea)
      implements LossSettings, Serializable {
    Settings {
      box = box == null ? (Double) 1.0 : box;
      centre = centre == null ? (Double) 0.5 : centre;
      minArea = minArea == null ? PromptRounds.DEFAULT.minArea() : minArea;
    }

    @Override
    public Set<Need> needs() {
      return Set.of(Need.LABELS);
    }

    @Override
    public boolean readsProposals() {
      return true;
    }

    @Override
    public Loss create(Assembly assembly) {
      return new ProposalLabels(
          assembly.context().decoders().requireProposals("proposal-labels"), this);
    }
  }

  private final ProposalHead head;
  private final Settings settings;

  ProposalLabels(ProposalHead head, Settings settings) {
    this.head = head;
    this.settings = settings;
  }

  @Override
  public Supervision supervision() {
    return Supervision.LABELS;
  }

  @Override
  public NDArray perSample(StudentOutput student, Targets targets) {
    return perSample(head.forward(student.embedding().stopGradient(), true), targets);
  }

  /** The loss of each sample, [B]. */
  NDArray perSample(ProposalHead.Maps maps, Targets targets) {
    Shape shape = maps.objectness().getShape();
    ProposalTargets wanted =
        ProposalTargets.of(
            objects(targets.truth()),
            HostValues.of(targets.valid()),
            (int) shape.get(0),
            (int) shape.get(2),
            (int) shape.get(3),
            settings.centre());
    NDManager manager = maps.objectness().getManager();
    NDArray y = manager.create(wanted.positive(), shape);
    NDArray t = manager.create(wanted.distances(), maps.distances().getShape());
    NDArray box = Scalar.times(overlap(maps.distances(), t).mul(y), settings.box());
    NDArray each = focal(maps.objectness(), y).add(box);
    NDArray all = FeatureMaps.sumPerSample(each.mul(manager.create(wanted.counted(), shape)));
    return all.div(manager.create(wanted.positives()));
  }

  private DrawnObjects objects(NDArray truth) {
    Shape shape = truth.getShape();
    return DrawnObjects.every(
        HostValues.of(truth),
        (int) shape.get(1),
        (int) shape.get(2),
        (int) shape.get(3),
        settings.minArea());
  }

  /** [B, 1, h, w]. */
  private static NDArray focal(NDArray z, NDArray y) {
    NDArray p = Activation.sigmoid(z);
    NDArray missed = p.neg().add(1).square().mul(Activation.softPlus(z.neg())).mul(y);
    NDArray madeUp = p.square().mul(Activation.softPlus(z)).mul(y.neg().add(1));
    return Scalar.times(missed, ALPHA).add(Scalar.times(madeUp, 1 - ALPHA));
  }

  /** −ln IoU of boxes around one middle, [B, 1, h, w] of [B, 4, h, w]. */
  private static NDArray overlap(NDArray d, NDArray t) {
    NDArray shared = area(NDArrays.minimum(d, t));
    NDArray either = area(d).add(area(t)).sub(shared);
    return either.add(EPSILON).log().sub(shared.add(EPSILON).log());
  }

  private static NDArray area(NDArray d) {
    NDList sides = d.split(4, 1);
    return sides.get(0).add(sides.get(2)).mul(sides.get(1).add(sides.get(3)));
  }
}
