package stillhouse.train;

/**
 * A driver's attempt at a run. It may write until a newer one is announced, by the same driver
 * after a failure or by another one that was started meanwhile.
 */
public final class Attempt {
  private final int number;
  private final Attempts all;

  Attempt(int number, Attempts all) {
    this.number = number;
    this.all = all;
  }

  /** Counted from 1. */
  int number() {
    return number;
  }

  /**
   * @param toDo what is about to be done, as in "Cannot …"
   * @throws SupersededException where another driver has announced a newer attempt
   */
  public void require(String toDo) {
    int newest = all.newest();
    if (newest > number) {
      throw new SupersededException(
          "%s at %s: attempt %d is over, attempt %d has begun"
              .formatted(toDo, all, number, newest));
    }
  }

  @Override
  public String toString() {
    return String.valueOf(number);
  }
}
