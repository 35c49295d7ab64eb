package stillhouse.metrics;

/**
 * Where a count stands in a flat array: [area, boundary][class 0…K][intersection, predicted,
 * actual], class 0 being the foreground as a whole.
 */
final class CountLayout {
  static final int FIELDS = 3;

  private CountLayout() {}

  static int length(int classes) {
    return 2 * (classes + 1) * FIELDS;
  }

  static int area(int classId) {
    return classId * FIELDS;
  }

  static int boundary(int classes, int classId) {
    return (classes + 1 + classId) * FIELDS;
  }

  static OverlapCounts areaOf(long[] counts, int classes, int classId) {
    return read(counts, area(checkClass(classId, classes)));
  }

  static OverlapCounts boundaryOf(long[] counts, int classes, int classId) {
    return read(counts, boundary(classes, checkClass(classId, classes)));
  }

  static OverlapCounts read(long[] counts, int at) {
    return new OverlapCounts(counts[at], counts[at + 1], counts[at + 2]);
  }

  static int checkClass(int classId, int classes) {
    if (classId < 0 || classId > classes) {
      throw new IllegalArgumentException(
          "Invalid class: %d (must be 0 for the foreground, or 1 to %d)"
              .formatted(classId, classes));
    }
    return classId;
  }

  static int checkClasses(int classes) {
    if (classes < 1 || classes > 254) {
      throw new IllegalArgumentException(
          "Invalid number of classes: " + classes + " (must be 1 to 254: a mask holds bytes)");
    }
    return classes;
  }
}
