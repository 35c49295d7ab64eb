package stillhouse.data;

/**
 * An image or mask that cannot be used as it is: the file itself is at fault, so reading it again
 * gives the same answer. It is quarantined with {@link #reason()} and {@link #detail()}.
 */
public final class UnreadableImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final String detail;

  /**
   * @param reason a short fixed word to group by, such as {@code truncated}
   * @param detail the values at fault, for a person
   */
  public UnreadableImageException(String reason, String detail) {
    this(reason, detail, null);
  }

  public UnreadableImageException(String reason, String detail, Throwable cause) {
    super("Unreadable image (" + reason + "): " + detail, cause);
    this.reason = reason;
    this.detail = detail;
  }

  public String reason() {
    return reason;
  }

  public String detail() {
    return detail;
  }
}
