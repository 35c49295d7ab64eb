package stillhouse.train;

/** Another driver trains the run now, and this one has no say in it any more. */
public final class SupersededException extends CheckpointException {
  private static final long serialVersionUID = 1L;

  /**
   * @param refused what this driver can't do, and why
   */
  SupersededException(String refused) {
    super(
        "Cannot "
            + refused
            + ". Another driver trains this run: this one ends, and nothing is to be done but to let the other go on.");
  }
}
