package stillhouse.data;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;

/**
 * Counts what a listing found, refuses a source that it can't be right of, and warns of the rest.
 */
final class ListingCheck {
  private static final Logger LOG = LoggerFactory.getLogger(ListingCheck.class);

  private final DatasetConfig config;

  ListingCheck(DatasetConfig config) {
    this.config = config;
  }

  /**
   * What was found in one source's folders.
   *
   * @param example of an image, {@code bare} of one without labels, {@code odd} of one without a
   *     group
   */
  private record Found(
      long images,
      long masks,
      Optional<String> example,
      Optional<String> bare,
      Optional<String> odd) {
    static final Found NOTHING =
        new Found(0, 0, Optional.empty(), Optional.empty(), Optional.empty());

    static Found of(Row row) {
      return new Found(
          row.getAs("images"),
          row.getAs("masks"),
          Optional.ofNullable(row.getAs("example")),
          Optional.ofNullable(row.getAs("bare")),
          Optional.ofNullable(row.getAs("odd")));
    }
  }

  /**
   * @param rows of {@link SourceListing#rows}
   */
  long images(Dataset<Row> rows) {
    Column uri = col(Samples.IMAGE_URI);
    Column ungrouped = col(SourceListing.GROUP).isNull().and(col(SourceListing.REFUSED).isNull());
    Map<Integer, Found> bySource = new HashMap<>();
    for (Row row :
        rows.groupBy(FolderListing.SOURCE, FolderListing.PASSED)
            .agg(
                count(lit(1)).as("images"),
                count(SourceListing.MASK_URI).as("masks"),
                min(uri).as("example"),
                min(when(col(SourceListing.MASK_URI).isNull(), uri)).as("bare"),
                min(when(ungrouped, uri)).as("odd"),
                sum(coalesce(col(FolderListing.PASSED_COUNT), lit(0L))).as("passed_over"))
            .orderBy(FolderListing.SOURCE, FolderListing.PASSED)
            .collectAsList()) {
      if (row.getAs(FolderListing.PASSED) == null) {
        bySource.put(row.getAs(FolderListing.SOURCE), Found.of(row));
      } else {
        warn(row);
      }
    }
    long images = 0;
    for (int i = 0; i < config.sources().size(); i++) {
      Found found = bySource.getOrDefault(i, Found.NOTHING);
      check(config.sources().get(i), found);
      images += found.images();
    }
    return images;
  }

  private void warn(Row row) {
    DatasetConfig.Source source = config.sources().get(row.getAs(FolderListing.SOURCE));
    String passed = row.getAs(FolderListing.PASSED);
    boolean labels = passed.startsWith(SourceListing.OF_LABELS);
    String kind = labels ? passed.substring(SourceListing.OF_LABELS.length()) : passed;
    LOG.warn(
        "Passed over {} {} in {} (such as {})",
        row.<Long>getAs("passed_over"),
        FolderListing.Kind.valueOf(kind).text,
        labels ? source.masks().orElseThrow() : source.images(),
        LabelJson.brief(name(row.getAs("example"))));
  }

  private void check(DatasetConfig.Source source, Found found) {
    if (found.images() == 0) {
      throw new ConfigException(
          "Cannot ingest "
              + config.name()
              + ": no images ("
              + String.join(", ", SourceListing.IMAGES)
              + ") in "
              + source.images()
              + (source.subset().share() < 1
                  ? ", or none that its share of " + source.subset().share() + " takes: raise it"
                  : ""));
    }
    if (config.groupPattern().isPresent() && found.odd().isPresent()) {
      throw new ConfigException(
          "Invalid groupPattern: '"
              + config.groupPattern().get()
              + "' finds no group in the file name "
              + name(found.odd().get()));
    }
    // Of a part of the images none may have a mask, though others have.
    if (source.masks().isPresent() && found.masks() == 0 && source.subset().isAll()) {
      throw new ConfigException(
          "Cannot ingest "
              + config.name()
              + ": no mask in "
              + source.masks().get()
              + " is named like an image in "
              + source.images()
              + " (such as "
              + source.layout().labelsOf(name(found.example().orElseThrow()))
              + ")");
    }
    LOG.info(
        "Found {} images, {} with a mask, in {}", found.images(), found.masks(), source.images());
    if (source.masks().isPresent() && found.masks() < found.images()) {
      LOG.warn(
          "{} of {} images in {} (such as {}) have no mask in {}: they count as unlabelled",
          found.images() - found.masks(),
          found.images(),
          source.images(),
          LabelJson.brief(name(found.bare().orElseThrow())),
          source.masks().get());
    }
  }

  private static String name(String uri) {
    return uri.substring(uri.lastIndexOf('/') + 1);
  }
}
