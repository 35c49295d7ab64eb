package stillhouse.comm;

/** A collective operation failed: a peer died, or the native library reported an error. */
public final class CommunicationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CommunicationException(String message, Throwable cause) {
    super(message, cause);
  }
}
