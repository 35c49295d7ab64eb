package stillhouse.tensorrt;

/** {@code trtexec} ran and did not give an engine; the message has the end of its output. */
public final class EngineBuildException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EngineBuildException(String message) {
    super(message);
  }

  EngineBuildException(String message, Throwable cause) {
    super(message, cause);
  }
}
