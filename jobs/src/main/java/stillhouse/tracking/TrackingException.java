package stillhouse.tracking;

/** The MLflow server can't be reached or refused what it was sent. */
public final class TrackingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TrackingException(String message, Throwable cause) {
    super(message, cause);
  }

  public TrackingException(String message) {
    super(message);
  }
}
