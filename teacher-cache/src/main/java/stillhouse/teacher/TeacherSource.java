package stillhouse.teacher;

import java.io.Serializable;

/** How an executor gets hold of a teacher: its identity, known to the driver, and its loading. */
public interface TeacherSource extends Serializable {
  TeacherSpec spec();

  /** The kind of device that it asks for; {@link TeacherDevice#of} says which one it gets. */
  default TeacherConfig.Device device() {
    return TeacherConfig.Device.CPU;
  }

  /**
   * Loads the network on the device that it gets here. The caller closes it; executors go through
   * the pool, which loads once.
   */
  Teacher open();

  /** Loads the network on a device; of a source that has no use for one, as {@link #open()}. */
  default Teacher open(TeacherDevice device) {
    return open();
  }
}
