package stillhouse.teacher;

import java.io.Serializable;

/** How an executor gets hold of a teacher: its identity, known to the driver, and its loading. */
public interface TeacherSource extends Serializable {
  TeacherSpec spec();

  /** Loads the network. The caller closes it; executors go through the pool, which loads once. */
  Teacher open();
}
