package stillhouse.cache;

/**
 * How a view is cut into files and row groups. A function of the request and the row counts alone:
 * the same view has the same layout, hence the same sample order, on any cluster.
 *
 * <p>A row group is what a training slot reads and holds at a time, so it is small in bytes; and it
 * is what the sample order permutes, so there are many of them even in a small data set.
 *
 * @param rowsPerGroup rows of a row group
 * @param files that each split's rows are spread over, by hash of their sample_id
 */
record ViewLayout(int rowsPerGroup, int files) {
  // 32 slots of 8 MiB are 256 MiB on one rank; object stores serve 8 MiB at full bandwidth.
  private static final long GROUP_BYTES = 8L << 20;
  // What a writing or reading task may have to hold of one group, several times over.
  private static final long MAX_GROUP_BYTES = 64L << 20;
  // Longer groups would make a slot's neighbouring steps come from the same few rows for long.
  private static final int MAX_GROUP_ROWS = 16;
  // A batch of 32 then draws from different groups, and the groups' order is a shuffle worth
  // having.
  private static final int MIN_GROUPS = 64;
  private static final long FILE_BYTES = 256L << 20;
  // Enough tasks to write a small view in parallel, few enough that listing it stays cheap.
  private static final int MIN_FILES = 16;
  private static final int MIN_GROUPS_PER_FILE = 4;

  static ViewLayout of(int requestedRowsPerGroup, long rowBytes, long allRows, long trainRows) {
    int rowsPerGroup =
        requestedRowsPerGroup > 0 ? requestedRowsPerGroup : rowsPerGroup(rowBytes, trainRows);
    if (rowsPerGroup > 1 && rowsPerGroup * rowBytes > MAX_GROUP_BYTES) {
      throw new IllegalArgumentException(
          "Invalid rowsPerGroup: "
              + rowsPerGroup
              + " rows of "
              + rowBytes
              + " bytes (a row group must be within "
              + MAX_GROUP_BYTES
              + " bytes: at most "
              + Math.max(1, MAX_GROUP_BYTES / rowBytes)
              + " rows, or 0 to let the view choose)");
    }
    long byBytes = allRows * rowBytes / FILE_BYTES + 1;
    long byRows = Math.max(1, allRows / ((long) MIN_GROUPS_PER_FILE * rowsPerGroup));
    return new ViewLayout(rowsPerGroup, (int) Math.min(byRows, Math.max(byBytes, MIN_FILES)));
  }

  private static int rowsPerGroup(long rowBytes, long trainRows) {
    long byBytes = Math.max(1, GROUP_BYTES / rowBytes);
    long byRows = Math.max(1, trainRows / MIN_GROUPS);
    return (int) Math.min(MAX_GROUP_ROWS, Math.min(byBytes, byRows));
  }
}
