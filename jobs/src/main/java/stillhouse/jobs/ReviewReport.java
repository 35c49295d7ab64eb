package stillhouse.jobs;

import static org.apache.spark.sql.functions.array_join;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import stillhouse.predict.Disagreement;

/**
 * What a review found.
 *
 * @param all of every sample
 * @param classes of the samples that show a class, by its name, with the IoU of that class alone
 * @param strata of the samples by what they show together, those with most flagged first; a stratum
 *     of samples without a label says so
 */
record ReviewReport(Part all, Map<String, Part> classes, Map<String, Part> strata) {
  private static final int MOST_STRATA = 20; // of K classes there are up to 2^K

  /**
   * @param iou the mean of student against teacher; NaN where no sample has any
   */
  record Part(long samples, long flagged, double iou) {
    static Part of(Row row) {
      int at = row.size() - 3;
      return new Part(
          row.getLong(at),
          row.isNullAt(at + 1) ? 0 : row.getLong(at + 1),
          row.isNullAt(at + 2) ? Double.NaN : row.getDouble(at + 2));
    }
  }

  /**
   * @param compared of {@link Disagreement#SCHEMA}, read three times
   */
  static ReviewReport of(Dataset<Row> compared, List<String> classNames) {
    Dataset<Row> byClass =
        compared
            .withColumn("class", explode(col("classes_shown")))
            .withColumn("own", expr("element_at(class_iou_student_teacher, class)"));
    Map<String, Part> classes = new LinkedHashMap<>();
    for (Row row :
        byClass
            .groupBy("class")
            .agg(count(lit(1)), flagged(), avg("own"))
            .orderBy("class")
            .collectAsList()) {
      classes.put(classNames.get(row.getInt(0) - 1), Part.of(row));
    }
    return new ReviewReport(
        Part.of(compared.agg(count(lit(1)), flagged(), avg("iou_student_teacher")).first()),
        classes,
        strata(compared, classNames));
  }

  private static Map<String, Part> strata(Dataset<Row> compared, List<String> classNames) {
    var name = udf((UDF1<Integer, String>) c -> classNames.get(c - 1), DataTypes.StringType);
    Column shown =
        when(expr("size(classes_shown) = 0"), lit("nothing"))
            .otherwise(array_join(transform(col("classes_shown"), c -> name.apply(c)), " + "));
    Column stratum =
        when(col("iou_teacher_label").isNull(), concat(lit("no label, "), shown)).otherwise(shown);
    Map<String, Part> strata = new LinkedHashMap<>();
    for (Row row :
        compared
            .groupBy(stratum.as("stratum"))
            .agg(count(lit(1)).as("samples"), flagged().as("flagged"), avg("iou_student_teacher"))
            .orderBy(col("flagged").desc(), col("samples").desc(), col("stratum"))
            .limit(MOST_STRATA)
            .collectAsList()) {
      strata.put(row.getString(0), Part.of(row));
    }
    return strata;
  }

  private static Column flagged() {
    return sum(when(col("flagged"), lit(1L)).otherwise(lit(0L)));
  }

  /** For a console. */
  String text() {
    List<String> parts = new ArrayList<>();
    TextTable table = new TextTable("samples that show", "samples", "flagged", "IoU of the two");
    table.add("(all)", all.samples(), all.flagged(), iou(all));
    classes.forEach((name, part) -> table.add(name, part.samples(), part.flagged(), iou(part)));
    parts.add(table.text());
    TextTable together = new TextTable("stratum", "samples", "flagged", "IoU of the two");
    strata.forEach((name, part) -> together.add(name, part.samples(), part.flagged(), iou(part)));
    parts.add(together.text());
    return String.join(System.lineSeparator(), parts);
  }

  private static String iou(Part part) {
    return Double.isNaN(part.iou()) ? "-" : String.format(Locale.ROOT, "%.3f", part.iou());
  }

  /** Names for a metric table. */
  Map<String, Double> metrics(String split) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    String prefix = "review/" + split + "/";
    metrics.put(prefix + "samples", (double) all.samples());
    metrics.put(prefix + "flagged", (double) all.flagged());
    metrics.put(prefix + "iou_student_teacher", all.iou());
    classes.forEach(
        (name, part) -> metrics.put(prefix + "flagged_" + name, (double) part.flagged()));
    metrics.values().removeIf(value -> value.isNaN());
    return metrics;
  }
}
