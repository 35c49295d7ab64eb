package stillhouse.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheTables;
import stillhouse.cache.CachedAnswers;
import stillhouse.cache.ViewRows;
import stillhouse.data.DatasetConfig;
import stillhouse.identity.Sha256;
import stillhouse.predict.RowLogits;
import stillhouse.teacher.TeacherSpec;

/** The labelled samples of one split, and what the teacher's cache says of them. */
final class TestSamples {
  private final SparkSession spark;
  private final String root;
  private final DatasetConfig dataset;
  private final String split;

  TestSamples(SparkSession spark, String root, DatasetConfig dataset, String split) {
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.split = split;
  }

  Dataset<Row> rows() {
    return ofSplit(CacheTables.of(root).samples(spark));
  }

  /** The same rows with the teacher's {@code answers}. */
  Dataset<Row> answered(TeacherSpec teacher) {
    return ofSplit(ViewRows.answered(spark, root, keys(teacher)));
  }

  /** How many samples of all splits the teacher has answered. */
  long cached(TeacherSpec teacher) {
    return ViewRows.answered(spark, root, keys(teacher)).count();
  }

  /** A few rows for pictures: always the same ones, spread by a hash over the split's classes. */
  List<Row> few(Dataset<Row> rows, int count) {
    var hash =
        udf((UDF1<String, String>) id -> Sha256.of(id.getBytes(UTF_8)).hex(), DataTypes.StringType);
    return rows.where("size(classes_present) > 0")
        .orderBy(hash.apply(col("sample_id")))
        .limit(count)
        .collectAsList();
  }

  /** Composed from a row's {@code answers}, at the resolution that the teacher answered in. */
  RowLogits teacherLogits() {
    int classes = dataset.classes().size();
    return row -> CachedAnswers.of(row).logits(classes);
  }

  private Dataset<Row> ofSplit(Dataset<Row> samples) {
    return samples.where(col("split").equalTo(split)).where(col("mask").isNotNull());
  }

  private CacheKeys keys(TeacherSpec teacher) {
    return CacheKeys.of(teacher, Prompts.of(dataset), CacheOptions.defaults());
  }
}
