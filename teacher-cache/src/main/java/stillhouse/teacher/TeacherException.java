package stillhouse.teacher;

/** A teacher that can't be had, opened or asked; the message says which, why and what to do. */
public final class TeacherException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TeacherException(String message) {
    super(message);
  }

  public TeacherException(String message, Throwable cause) {
    super(message, cause);
  }
}
