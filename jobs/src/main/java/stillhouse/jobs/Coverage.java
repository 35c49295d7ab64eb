package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;

import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.Samples;
import stillhouse.teacher.LocalTeacher;

/**
 * Whether every image is accounted for: {@code images = cached + quarantined}.
 *
 * @param images files that ingest found
 * @param cached those that the teacher has answered
 * @param quarantined those that could not be used, now or at ingest
 */
record Coverage(long images, long cached, long quarantined) {
  static Coverage of(
      SparkSession spark, String root, TestSamples samples, Optional<LocalTeacher> teacher) {
    var table = spark.read().format("delta").load(Samples.table(root));
    long cached = teacher.map(t -> samples.cached(t.spec())).orElse(0L);
    var refused =
        spark
            .read()
            .format("delta")
            .load(Samples.quarantineTable(root))
            .where(col("stage").equalTo("ingest"))
            .select("image_uri")
            .distinct();
    long atIngest = refused.count();
    long all = table.count();
    return new Coverage(
        all + atIngest, cached, atIngest + (teacher.isPresent() ? all - cached : 0));
  }
}
