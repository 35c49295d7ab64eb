package stillhouse.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The labels that are files of their own, by the image whose base they have. */
final class FileLabels {
  /** Kind and count of files that were passed over where the labels lie; no base is theirs. */
  static final String PASSED = "labels_passed";

  static final String PASSED_COUNT = "labels_passed_count";

  private FileLabels() {}

  /**
   * One row a source and base: the file (the first of several such as a.png and a.PNG), or the
   * files of its classes, and how many files there are of one class.
   *
   * @param files rows of {@link FolderListing#SCHEMA}
   */
  static Dataset<Row> of(Dataset<Row> files) {
    Column first =
        min(struct(col(FolderListing.URI), col(Samples.LENGTH), col(Samples.MTIME))).as("first");
    Column ofClasses = max(FolderListing.LABEL).gt(0);
    Column parts =
        struct(
            lit(null).as(LabelParts.WIDTH),
            lit(null).as(LabelParts.HEIGHT),
            sort_array(collect_list(part())).as(LabelParts.PARTS));
    return files
        .groupBy(FolderListing.SOURCE, FolderListing.BASE, FolderListing.PASSED)
        .agg(
            first,
            sum(Samples.LENGTH).as("bytes"),
            max(Samples.MTIME).as("latest"),
            ofClasses.as("of_classes"),
            sum(FolderListing.PASSED_COUNT).as(PASSED_COUNT),
            count(lit(1))
                .minus(countDistinct(FolderListing.LABEL))
                .plus(1)
                .as(SourceListing.MASKS_OF),
            when(ofClasses, parts.cast(LabelParts.TYPE)).as(LabelParts.COLUMN))
        .select(
            col(FolderListing.SOURCE),
            col(FolderListing.BASE),
            col("first").getField(FolderListing.URI).as(SourceListing.MASK_URI),
            when(col("of_classes"), col("bytes"))
                .otherwise(col("first").getField(Samples.LENGTH))
                .as(Samples.MASK_LENGTH),
            when(col("of_classes"), col("latest"))
                .otherwise(col("first").getField(Samples.MTIME))
                .as(Samples.MASK_MTIME),
            col(SourceListing.MASKS_OF),
            col(LabelParts.COLUMN),
            col(FolderListing.PASSED).as(PASSED),
            col(PASSED_COUNT));
  }

  private static Column part() {
    return struct(
            col(FolderListing.LABEL).as(LabelParts.ORDINAL),
            col(FolderListing.LABEL).as(LabelParts.CLASS),
            lit(null).as(LabelParts.NAME),
            lit(false).as(LabelParts.CROWD),
            col(FolderListing.URI).as(LabelParts.URI),
            col(Samples.LENGTH).as(LabelParts.LENGTH),
            col(Samples.MTIME).as(LabelParts.MTIME),
            lit(null).as(LabelParts.TEXT),
            lit(null).as(LabelParts.PROBLEM))
        .cast(LabelParts.PART);
  }
}
