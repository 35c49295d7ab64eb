package stillhouse.teacher;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import stillhouse.tensor.FloatTensor;

/**
 * What a promptable teacher is asked about one object in rounds, as by a person who goes on
 * clicking: every point so far, perhaps the object's box, and perhaps what the network made of the
 * round before.
 *
 * @param points in the order of the clicks, in pixels of the original image; at least one where
 *     there is no box
 * @param before logits over the network's whole input, {@link Refined#carried} of an earlier round
 */
public record Clicks(
    List<Prompt.Point> points, Optional<Prompt.Box> box, Optional<FloatTensor> before) {
  public Clicks {
    points = List.copyOf(points);
    if (points.isEmpty() && box.isEmpty()) {
      throw new IllegalArgumentException("Invalid clicks: no point and no box");
    }
  }

  /** The first round of points. */
  public static Clicks of(Prompt.Point first) {
    return new Clicks(List.of(first), Optional.empty(), Optional.empty());
  }

  /** The first round of a box. */
  public static Clicks of(Prompt.Box box) {
    return new Clicks(List.of(), Optional.of(box), Optional.empty());
  }

  /**
   * The next round: one point more, beside all that was asked before.
   *
   * @param carried of the round before, where the teacher takes such a mask
   */
  public Clicks then(Prompt.Point next, Optional<FloatTensor> carried) {
    List<Prompt.Point> all = new ArrayList<>(points);
    all.add(next);
    return new Clicks(all, box, carried);
  }
}
