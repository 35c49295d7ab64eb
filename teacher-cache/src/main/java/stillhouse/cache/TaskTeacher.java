package stillhouse.cache;

import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;

/** A teacher that lives as long as the Spark task that asked for it. */
final class TaskTeacher {
  private TaskTeacher() {}

  /**
   * @throws IllegalStateException where the teacher that was opened is not the one that was planned
   */
  static Teacher acquire(TeacherAccess access, TeacherSource source) {
    Teacher teacher = access.acquire(source);
    TaskContext.get()
        .addTaskCompletionListener((TaskCompletionListener) context -> teacher.close());
    if (!teacher.spec().equals(source.spec())) {
      throw new IllegalStateException(
          "Cannot use teacher "
              + teacher.spec()
              + ": the refresh was planned for "
              + source.spec());
    }
    return teacher;
  }
}
