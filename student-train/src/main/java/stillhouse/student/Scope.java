package stillhouse.student;

import ai.djl.ndarray.NDArray;

/** Where a step's arrays belong. */
public final class Scope {
  private Scope() {}

  /**
   * Hands {@code derived}, made from a weight alone and thus registered with the weights, to the
   * manager of {@code x}, so that it is closed with the step.
   */
  public static NDArray to(NDArray x, NDArray derived) {
    derived.attach(x.getManager());
    return derived;
  }
}
