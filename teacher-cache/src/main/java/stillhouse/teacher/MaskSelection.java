package stillhouse.teacher;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Function;
import stillhouse.identity.Fingerprint;

/**
 * Which answers of many overlapping prompts are kept: from the greatest predicted IoU down, those
 * that overlap no better one, {@code keep} at most. A mask is where its logits are positive. An
 * empty mask is never kept; of equal predictions the earlier prompt goes first.
 *
 * @param keep answers an image at most
 * @param overlap a mask whose IoU with a kept one is this or more is the same object again
 * @param minIou answers of a smaller predicted IoU are dropped
 * @param maxArea masks over a larger share of the image are dropped: a point beside every object is
 *     answered with the background
 */
public record MaskSelection(int keep, double overlap, double minIou, double maxArea)
    implements Serializable {
  // 256 KiB of logits each, as SAM gives them: 16 MiB however many prompts there are.
  private static final int HELD = 64;

  public MaskSelection {
    if (keep < 1 || !in(overlap, 0, 1) || !in(minIou, 0, 1) || !in(maxArea, 0, 1)) {
      throw new IllegalArgumentException(
          "Invalid selection: keep %d (must be > 0), overlap %s, minIou %s, maxArea %s (must be 0…1)"
              .formatted(keep, overlap, minIou, maxArea));
    }
  }

  private static boolean in(double value, double low, double high) {
    return value >= low && value <= high;
  }

  /** A prompt and what the teacher said to it. */
  public record Kept(Prompt prompt, MaskAnswer answer) {}

  void addTo(Fingerprint parts) {
    parts.add("keep", keep).add("overlap", overlap).add("minIou", minIou).add("maxArea", maxArea);
  }

  /**
   * Asks every prompt, best answers first in what comes back.
   *
   * <p>Of all masks a bit a cell is remembered, of the {@value #HELD} best the logits; a kept one
   * beyond those is asked again, which costs less than holding the logits of a thousand.
   *
   * @param ask must answer the same to the same prompt
   */
  public List<Kept> of(List<Prompt> prompts, Function<Prompt, MaskAnswer> ask) {
    List<BitMask> masks = new ArrayList<>(prompts.size());
    float[] ious = new float[prompts.size()];
    Comparator<Integer> bestFirst = Comparator.comparingDouble(i -> -ious[i]);
    bestFirst = bestFirst.thenComparing(Comparator.naturalOrder());
    PriorityQueue<Integer> worstHeldFirst = new PriorityQueue<>(bestFirst.reversed());
    Map<Integer, MaskAnswer> held = new HashMap<>();
    for (int i = 0; i < prompts.size(); i++) {
      MaskAnswer answer = ask.apply(prompts.get(i));
      masks.add(BitMask.positive(answer.logits()));
      ious[i] = answer.predictedIou();
      held.put(i, answer);
      worstHeldFirst.add(i);
      if (held.size() > HELD) {
        held.remove(worstHeldFirst.remove());
      }
    }
    return Arrays.stream(kept(masks, ious))
        .mapToObj(i -> new Kept(prompts.get(i), answer(i, prompts, held, ask)))
        .toList();
  }

  private static MaskAnswer answer(
      int i,
      List<Prompt> prompts,
      Map<Integer, MaskAnswer> held,
      Function<Prompt, MaskAnswer> ask) {
    MaskAnswer answer = held.get(i);
    return answer == null ? ask.apply(prompts.get(i)) : answer;
  }

  /**
   * Which of some answers are kept: non-maximum suppression by predicted IoU.
   *
   * @param ious predicted, one a mask; none NaN
   * @return their places, best first, {@code keep} at most
   */
  public int[] kept(List<BitMask> masks, float[] ious) {
    int[] kept = new int[Math.min(keep, ious.length)];
    int count = 0;
    for (int candidate : bestFirst(masks, ious)) {
      if (count == kept.length) {
        break;
      }
      if (isApart(masks, kept, count, candidate)) {
        kept[count++] = candidate;
      }
    }
    return Arrays.copyOf(kept, count);
  }

  /** Those that may be kept, from the greatest predicted IoU down, the first of equals first. */
  private int[] bestFirst(List<BitMask> masks, float[] ious) {
    int[] order = new int[ious.length];
    int count = 0;
    for (int i = 0; i < ious.length; i++) {
      if (ious[i] >= minIou && isObject(masks.get(i))) {
        int at = count++;
        for (; at > 0 && ious[order[at - 1]] < ious[i]; at--) {
          order[at] = order[at - 1];
        }
        order[at] = i;
      }
    }
    return Arrays.copyOf(order, count);
  }

  private boolean isApart(List<BitMask> masks, int[] kept, int count, int candidate) {
    for (int k = 0; k < count; k++) {
      if (masks.get(candidate).iou(masks.get(kept[k])) >= overlap) {
        return false;
      }
    }
    return true;
  }

  private boolean isObject(BitMask mask) {
    return mask.area() > 0 && mask.area() <= maxArea * mask.cells();
  }
}
