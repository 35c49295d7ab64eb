package stillhouse.cache;

import java.io.Serializable;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;

/**
 * How a task gets hold of a teacher. The task closes what it acquired; a pool hands out teachers
 * whose {@code close} gives back a share and keeps the network.
 */
@FunctionalInterface
public interface TeacherAccess extends Serializable {
  Teacher acquire(TeacherSource source);

  /** Loads the network for each task and closes it with the task. */
  static TeacherAccess perTask() {
    return TeacherSource::open;
  }
}
