package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.List;
import stillhouse.decoder.DrawnObjects;
import stillhouse.decoder.DrawnObjects.Drawn;
import stillhouse.decoder.PromptKinds;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.PromptedMasks;
import stillhouse.decoder.Questions;
import stillhouse.student.HostValues;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Prompts in the loop. Objects of each sample are drawn from its labels and asked about by a point
 * or their box; each further round adds a point where the student's mask and its target disagree.
 * Of every round
 *
 * <pre>
 *   l = λ_b BCE(s, t) + λ_d (1 − (2 Σ σ(s) t + 1) / (Σ σ(s) + Σ t + 1))
 *       + λ_i mean over m of (ι_m − IoU(s_m, t))²
 * </pre>
 *
 * with logits s of the chosen mask and target t; s_m and ι_m are logits and predicted IoU of each
 * mask that could have been the answer, the alternatives to a single point or box and the first
 * mask to several. All of those are held to their IoU, since the greatest prediction chooses among
 * them: one that no object ever chose would else be foretold at random, and win. A sample's loss is
 * the mean over its objects and rounds, 0 where it has none. All draws are the sample's own, so
 * that they do not depend on the number of ranks and a resumed run makes the same.
 *
 * <p>Shapes: embedding [B, C, g, g], truth [B, K, H, W]; masks of P objects [P, M, h, w].
 *
 * <p>Source: EdgeSAM (Zhou et al., 2023), "prompt-in-the-loop"; Dice with a 1 in both sums as SAM's
 * published training has it; every mask's predicted IoU is held to its own, as in SAM 2's published
 * training. Ours, where the papers are silent: a point is even over its object or over the cells
 * that disagree; masks are compared at the decoder's own resolution. A round's mask goes in with
 * the next round's points, as in SAM's training, each network's own and without a gradient.
 */
final class PromptLoop {
  /** Weights of the parts of a round's loss. */
  record Parts(double bce, double dice, double iou) {}

  /**
   * What a round's answers are held against.
   *
   * @param targets [P, 1, h, w], 0…1
   * @param counted [P, 1, h, w]; no elements where every cell counts
   * @param choice one-hot over the M masks of each answer, [P, M]
   */
  record Held(NDArray targets, NDArray counted, float[] choice) {}

  /** Who knows what the answers should be. */
  interface Guide {
    /** For prompts about {@code objects}; {@code answers} are the student's. */
    Held hold(DrawnObjects objects, Questions questions, PromptedMasks answers);
  }

  private final PromptableDecoder decoder;
  private final PromptRounds rounds;
  private final Parts parts;
  private final String purpose;

  /**
   * @param purpose of its draws: two losses draw apart
   */
  PromptLoop(PromptableDecoder decoder, PromptRounds rounds, Parts parts, String purpose) {
    boolean boxes = decoder.config().prompts() == PromptKinds.ALL;
    if (!boxes && rounds.pointShare() < 1) {
      throw new IllegalArgumentException(
          "Invalid losses.%s.prompts.pointShare: %s (the student's decoder takes points alone: must be 1)"
              .formatted(purpose, rounds.pointShare()));
    }
    if (!(parts.bce() + parts.dice() > 0)) {
      throw new IllegalArgumentException(
          "Invalid losses.%s: bce %s and dice %s (one of them must be > 0, else masks learn nothing)"
              .formatted(purpose, parts.bce(), parts.dice()));
    }
    this.decoder = decoder;
    this.rounds = rounds;
    this.parts = parts;
    this.purpose = purpose;
  }

  PromptRounds rounds() {
    return rounds;
  }

  /** The loss of each sample, [B]. */
  NDArray perSample(StudentOutput student, Targets targets, Guide guide) {
    NDManager manager = student.embedding().getManager();
    DrawnObjects objects = draw(targets);
    if (objects.count() == 0) {
      return nothing(student, manager);
    }
    Questions questions =
        new Questions(
            objects,
            rounds.pointShare(),
            ofObjects(objects, targets.noise(), "kind"),
            ofObjects(objects, targets.noise(), "place"));
    NDArray embeddings = gather(student.embedding(), objects);
    NDArray sum = null;
    NDArray earlier = null;
    for (int round = 0; round <= rounds.iterations(); round++) {
      PromptedMasks answers =
          ask(decoder, embeddings, questions.points(manager), questions.labels(manager), earlier);
      Held held = guide.hold(objects, questions, answers);
      NDArray choice = manager.create(held.choice(), answers.ious().getShape());
      NDArray masks = chosen(answers.masks(), choice);
      NDArray loss = loss(masks, answers, questions.areSingle(), held);
      sum = sum == null ? loss : sum.add(loss);
      earlier = rounds.earlierMask() ? masks.stopGradient() : null;
      if (round < rounds.iterations()) {
        Shape shape = masks.getShape();
        questions.add(
            HostValues.of(masks),
            HostValues.of(held.targets()),
            HostValues.of(held.counted()),
            (int) shape.get(2),
            (int) shape.get(3),
            ofObjects(objects, targets.noise(), "round " + round));
      }
    }
    return meansOfSamples(objects, targets, manager).matMul(sum.reshape(-1, 1)).reshape(-1);
  }

  /**
   * Puts a round's questions to a decoder.
   *
   * @param points in pixels of its own input, [P, N, 2]
   * @param earlier its mask of the round before, [P, 1, h, w]; null where none goes in
   */
  static PromptedMasks ask(
      PromptableDecoder decoder,
      NDArray embeddings,
      NDArray points,
      NDArray labels,
      NDArray earlier) {
    return earlier == null || !decoder.config().prompts().takesMask()
        ? decoder.forward(embeddings, points, labels, true)
        : decoder.forward(embeddings, points, labels, earlier, true);
  }

  private DrawnObjects draw(Targets targets) {
    Shape shape = targets.truth().getShape();
    return DrawnObjects.of(
        HostValues.of(targets.truth()),
        (int) shape.get(1),
        (int) shape.get(2),
        (int) shape.get(3),
        targets.noise().uniform(purpose + " objects", rounds.objects()),
        rounds.objects(),
        rounds.minArea());
  }

  /** Of each sample's own draws those of its objects, [P]. */
  private float[] ofObjects(DrawnObjects objects, Noise noise, String what) {
    float[] all = noise.uniform(purpose + " " + what, rounds.objects());
    float[] own = new float[objects.count()];
    for (int p = 0; p < own.length; p++) {
      Drawn object = objects.all().get(p);
      own[p] = all[object.sample() * rounds.objects() + object.slot()];
    }
    return own;
  }

  /**
   * Zeros to which the decoder's tensors belong, as if a prompt without a point counted nothing.
   */
  private NDArray nothing(StudentOutput student, NDManager manager) {
    NDArray padding = manager.full(new Shape(1, 1), -1f);
    PromptedMasks answer =
        decoder.forward(
            student.embedding().get("0:1"), manager.zeros(new Shape(1, 1, 2)), padding, true);
    long samples = student.embedding().getShape().get(0);
    return manager
        .zeros(new Shape(samples))
        .add(Scalar.times(answer.masks().sum().add(answer.ious().sum()), 0));
  }

  /** Each object's image, [P, C, g, g]. */
  static NDArray gather(NDArray maps, DrawnObjects objects) {
    NDList each = new NDList(objects.count());
    for (Drawn object : objects.all()) {
      each.add(maps.get(object.sample() + ":" + (object.sample() + 1)));
    }
    return NDArrays.concat(each);
  }

  /** Of every answer the first mask, one-hot, [P, M]. */
  static float[] firsts(int count, int masks) {
    return oneHot(new int[count], masks);
  }

  /** Of each answer the mask that is named, one-hot, [P, M]. */
  static float[] oneHot(int[] chosen, int masks) {
    float[] choice = new float[chosen.length * masks];
    for (int p = 0; p < chosen.length; p++) {
      choice[p * masks + chosen[p]] = 1;
    }
    return choice;
  }

  /** [P, 1, h, w] of [P, M, h, w]. */
  static NDArray chosen(NDArray masks, NDArray choice) {
    Shape shape = masks.getShape();
    return masks.mul(choice.reshape(shape.get(0), shape.get(1), 1, 1)).sum(new int[] {1}, true);
  }

  /** What masks cost without their predicted IoU, of each object. */
  float[] costs(NDArray s, NDArray targets, NDArray counted) {
    return HostValues.of(ofMasks(s, new Held(targets, counted, new float[0])));
  }

  /**
   * Of each object, [P].
   *
   * @param s logits of the chosen masks, [P, 1, h, w]
   * @param single whether the alternatives could have been the answer, else the first mask
   */
  NDArray loss(NDArray s, PromptedMasks answers, boolean single, Held held) {
    NDArray loss = ofMasks(s, held);
    if (parts.iou() == 0) {
      return loss;
    }
    PromptedMasks could = single ? answers.alternatives() : answers.single();
    NDArray off = could.ious().sub(overlap(could.masks(), held)).square();
    return loss.add(Scalar.times(off.mean(new int[] {1}), parts.iou()));
  }

  private NDArray ofMasks(NDArray s, Held held) {
    NDArray t = counted(held.targets(), held);
    NDArray each = counted(Activation.softPlus(s).sub(held.targets().mul(s)), held);
    NDArray bce = FeatureMaps.sumPerSample(each).div(cells(held));
    NDArray p = counted(Activation.sigmoid(s), held);
    NDArray both = FeatureMaps.sumPerSample(p.mul(t));
    NDArray sums = FeatureMaps.sumPerSample(p).add(FeatureMaps.sumPerSample(t));
    NDArray dice = Scalar.times(both, 2).add(1).div(sums.add(1)).neg().add(1);
    return Scalar.times(bce, parts.bce()).add(Scalar.times(dice, parts.dice()));
  }

  private static NDArray counted(NDArray x, Held held) {
    return held.counted().isEmpty() ? x : x.mul(held.counted());
  }

  /** That count, [P], at least 1. */
  private static NDArray cells(Held held) {
    Shape shape = held.targets().getShape();
    return held.counted().isEmpty()
        ? held.targets().getManager().full(new Shape(shape.get(0)), shape.get(2) * shape.get(3))
        : Scalar.atLeast(FeatureMaps.sumPerSample(held.counted()), 1);
  }

  /** IoU of masks as they would be cut with their target, [P, M], without a gradient. */
  private static NDArray overlap(NDArray masks, Held held) {
    NDArray set = counted(positive(masks.stopGradient()), held);
    NDArray wanted = counted(positive(held.targets().sub(0.5)), held);
    NDArray both = areas(set.mul(wanted));
    NDArray either = areas(set).add(areas(wanted)).sub(both);
    return both.div(Scalar.atLeast(either, 1));
  }

  /** [P, M] of [P, M, h, w]. */
  private static NDArray areas(NDArray masks) {
    Shape shape = masks.getShape();
    return masks
        .reshape(shape.get(0), shape.get(1), shape.get(2) * shape.get(3))
        .sum(new int[] {2});
  }

  private static NDArray positive(NDArray x) {
    return x.gt(0).toType(DataType.FLOAT32, false);
  }

  /** [B, P]: a share of each object's loss to its sample's. */
  private NDArray meansOfSamples(DrawnObjects objects, Targets targets, NDManager manager) {
    int samples = (int) targets.truth().getShape().get(0);
    int[] counts = new int[samples];
    List<Drawn> all = objects.all();
    all.forEach(object -> counts[object.sample()]++);
    float[] shares = new float[samples * all.size()];
    for (int p = 0; p < all.size(); p++) {
      int sample = all.get(p).sample();
      shares[sample * all.size() + p] = 1f / (counts[sample] * (rounds.iterations() + 1));
    }
    return manager.create(shares, new Shape(samples, all.size()));
  }
}
