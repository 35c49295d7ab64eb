package stillhouse.data;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;

/**
 * Looks a COCO file's entries over before its images are taken: refuses it, or tells of oddities.
 */
final class CocoCheck {
  private static final Logger LOG = LoggerFactory.getLogger(CocoCheck.class);
  private static final String EXAMPLE = "example";

  private final DatasetConfig config;
  private final CocoListing listing;

  CocoCheck(DatasetConfig config, CocoListing listing) {
    this.config = config;
    this.listing = listing;
  }

  /**
   * @throws ConfigException where a file can't be read to its end, two categories share an id, or a
   *     category is no class and the source refuses those
   */
  void run() {
    Column id = col(CocoFile.ID);
    for (Row row :
        listing
            .entries()
            .groupBy(CocoFile.SOURCE, CocoFile.KIND)
            .agg(
                count(lit(1)).as("entries"),
                min(CocoFile.PROBLEM).as(EXAMPLE),
                count(id).minus(countDistinct(id)).as("shared"))
            .orderBy(col(CocoFile.KIND).desc())
            .collectAsList()) {
      tally(row);
    }
    categories();
    Dataset<Row> annotations = listing.entries(CocoFile.Kind.ANNOTATION);
    tell(
        annotations.join(
            listing.entries(CocoFile.Kind.IMAGE),
            new String[] {CocoFile.SOURCE, CocoFile.IMAGE_ID},
            "left_anti"),
        CocoFile.IMAGE_ID,
        "annotations of no image of the file (such as of image_id {})");
    tell(
        annotations.join(
            broadcast(listing.categories()),
            new String[] {CocoFile.SOURCE, CocoFile.CATEGORY_ID},
            "left_anti"),
        CocoFile.CATEGORY_ID,
        "annotations of a category that it does not declare (such as category_id {}), which stand for no class");
  }

  private void tally(Row row) {
    String file = file(row);
    long entries = row.getAs("entries");
    switch (CocoFile.Kind.valueOf(row.getAs(CocoFile.KIND))) {
      case FAILED ->
          throw new ConfigException(
              "Cannot ingest %s: %s can't be read as COCO's: %s. Mend it, or write it anew."
                  .formatted(config.name(), file, row.getAs(EXAMPLE)));
      case IMAGE -> LOG.info("Read {} images of {}", entries, file);
      case CATEGORY -> LOG.info("Read {} categories of {}", entries, file);
      case ANNOTATION -> {
        LOG.info("Read {} annotations of {}", entries, file);
        if (row.<Long>getAs("shared") > 0) {
          LOG.warn(
              "{}: {} annotations have the id of another one", file, row.<Long>getAs("shared"));
        }
      }
    }
  }

  private void categories() {
    for (Row row : bySource(listing.categories().where("entries > 1"), CocoFile.CATEGORY_ID)) {
      throw new ConfigException(
          "Cannot ingest %s: %s has %d category ids that stand more than once (such as %s)"
              .formatted(config.name(), file(row), row.<Long>getAs("rows"), row.getAs(EXAMPLE)));
    }
    Column refused = col(LabelParts.CLASS).equalTo(LabelTable.REFUSED);
    for (Row row : bySource(listing.categories().where(refused), LabelParts.NAME)) {
      throw new ConfigException(
          "Cannot ingest %s: %d categories of %s are no class of the data set (such as '%s'). Name their class in the source's labels:, or set others: background or ignore."
              .formatted(
                  config.name(),
                  row.<Long>getAs("rows"),
                  file(row),
                  LabelJson.brief(row.getAs(EXAMPLE))));
    }
  }

  private void tell(Dataset<Row> rows, String example, String what) {
    for (Row row : bySource(rows, example)) {
      LOG.warn(
          "{}: {} " + what,
          file(row),
          row.<Long>getAs("rows"),
          LabelJson.brief(row.getAs(EXAMPLE)));
    }
  }

  private static Iterable<Row> bySource(Dataset<Row> rows, String example) {
    return rows.groupBy(CocoFile.SOURCE)
        .agg(count(lit(1)).as("rows"), min(example).as(EXAMPLE))
        .orderBy(CocoFile.SOURCE)
        .collectAsList();
  }

  private String file(Row row) {
    return config.sources().get(row.<Integer>getAs(CocoFile.SOURCE)).masks().orElseThrow();
  }
}
