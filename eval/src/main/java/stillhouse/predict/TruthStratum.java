package stillhouse.predict;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;
import stillhouse.metrics.ClassCounts;
import stillhouse.metrics.ImageCounts;

/** By what an image's truth shows. All follows from the per-image table. */
public enum TruthStratum implements Stratum {
  /**
   * By labelled pixels of the image: {@code none}, {@code small} under 32², {@code medium} under
   * 96², {@code large}. The limits are COCO's, which are of single objects; here all that an image
   * shows is added up, since a class mask does not say where one object ends.
   */
  SIZE {
    @Override
    List<String> of(ImageCounts counts, List<String> classes) {
      long pixels = counts.area(ClassCounts.FOREGROUND).actual();
      return List.of(
          pixels == 0 ? NONE : pixels < SMALL ? "small" : pixels < MEDIUM ? "medium" : "large");
    }

    @Override
    List<String> names(List<String> classes) {
      return List.of(NONE, "small", "medium", "large");
    }
  },
  /** By class: an image is in the part of each class that it shows, or in {@code none}. */
  CLASS {
    @Override
    List<String> of(ImageCounts counts, List<String> classes) {
      List<String> shown = new ArrayList<>();
      for (int c = 1; c <= classes.size(); c++) {
        if (counts.area(c).actual() > 0) {
          shown.add(classes.get(c - 1));
        }
      }
      return shown.isEmpty() ? List.of(NONE) : shown;
    }

    @Override
    List<String> names(List<String> classes) {
      List<String> names = new ArrayList<>(List.of(NONE));
      names.addAll(classes);
      return names;
    }
  };

  private static final long SMALL = 32 * 32;
  private static final long MEDIUM = 96 * 96;

  /** The parts that an image is in. */
  abstract List<String> of(ImageCounts counts, List<String> classes);

  /** All parts, in the order of a table. */
  abstract List<String> names(List<String> classes);

  @Override
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Map<String, EvaluationResult> score(
      SparkSession spark, String table, List<String> classes) {
    List<String> names = List.copyOf(classes); // serializable, as a task needs it
    spark.sparkContext().setJobDescription("evaluate: sum the counts by " + word());
    try {
      return Stratum.scores(
          spark
              .read()
              .parquet(table)
              .javaRDD()
              .map(ImageTable::counts)
              .flatMapToPair(
                  counts ->
                      of(counts, names).stream().map(s -> new Tuple2<>(s, counts)).iterator()),
          names(classes),
          classes);
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }
}
