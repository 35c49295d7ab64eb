package stillhouse.jobs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheTables;
import stillhouse.cache.VerdictTable;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;
import stillhouse.data.Split;
import stillhouse.data.Verdict;
import stillhouse.train.Curriculum;
import stillhouse.train.SampleKey;
import stillhouse.train.SampleWeights;

/**
 * The verdicts that hold of a workspace's training samples, as one run uses them.
 *
 * @param weights what they change
 * @param verdicts how many samples have each
 * @param version of the table of verdicts; −1 of a run that uses none
 */
record JudgedSamples(
    Curriculum curriculum, SampleWeights weights, Map<String, Long> verdicts, long version) {
  static final String FILE = "verdicts.json";
  private static final Logger log = LoggerFactory.getLogger(JudgedSamples.class);
  private static final String VERSION = "version";

  /** Of a run that uses none. */
  static final JudgedSamples NONE =
      new JudgedSamples(Curriculum.DEFAULT, SampleWeights.NONE, Map.of(), -1);

  /**
   * The verdicts that a run began with, or those of now: one that is brought in while a run is
   * stopped, or once it is trained, doesn't make another run of it. The driver holds sixteen bytes
   * a judged sample.
   *
   * @param folder of the run
   * @throws ConfigException where no verdict was ever brought in
   */
  static JudgedSamples of(SparkSession spark, String root, Curriculum curriculum, Path folder) {
    long newest = VerdictTable.version(spark, root);
    long version = begunWith(folder).orElse(newest);
    if (version < newest) {
      log.info(
          "{} began with version {} of the verdicts, and goes by it: the newest is {}",
          folder.getFileName(),
          version,
          newest);
    }
    return at(spark, root, curriculum, version);
  }

  /** Empty where no run began there, or one from before it was noted. */
  static OptionalLong begunWith(Path folder) {
    Path note = folder.resolve(FILE);
    if (!Files.exists(note)) {
      return OptionalLong.empty();
    }
    try {
      JsonNode version = JsonFiles.JSON.readTree(note.toFile()).path(VERSION);
      return version.isIntegralNumber()
          ? OptionalLong.of(version.longValue())
          : OptionalLong.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + note + ": " + e.getMessage(), e);
    }
  }

  private static JudgedSamples at(
      SparkSession spark, String root, Curriculum curriculum, long version) {
    if (version < 0) {
      throw new ConfigException(
          "Cannot use verdicts: there are none in %s. Bring them in with 'review --verdicts FILE', or train without --verdicts and without the recipe's curriculum."
              .formatted(VerdictTable.path(root)));
    }
    Dataset<Row> training =
        CacheTables.of(root)
            .samples(spark)
            .where(col(Samples.SPLIT).equalTo(Split.TRAIN.label()))
            .select(Samples.SAMPLE_ID);
    Dataset<Row> judged =
        VerdictTable.at(spark, root, version)
            .join(training, Quarantine.on(Samples.SAMPLE_ID), "left_semi")
            .cache();
    try {
      Map<String, Long> counts = new TreeMap<>();
      for (Row row : judged.groupBy(VerdictTable.VERDICT).agg(count(lit(1))).collectAsList()) {
        counts.put(row.getString(0), row.getLong(1));
      }
      int most = Math.toIntExact(counts.values().stream().mapToLong(n -> n).sum());
      return new JudgedSamples(curriculum, weights(judged, curriculum, most), counts, version);
    } finally {
      judged.unpersist();
    }
  }

  private static SampleWeights weights(Dataset<Row> judged, Curriculum curriculum, int most) {
    var key = udf((UDF1<String, Long>) SampleKey::of, DataTypes.LongType);
    var factor =
        udf(
            (UDF1<String, Double>)
                word -> (double) curriculum.factor(Verdict.of(word).orElseThrow()),
            DataTypes.DoubleType);
    var enters =
        udf(
            (UDF1<String, Integer>) word -> curriculum.enters(Verdict.of(word).orElseThrow()),
            DataTypes.IntegerType);
    Iterator<Row> rows =
        judged
            .select(
                key.apply(col(Samples.SAMPLE_ID)).as("key"),
                coalesce(col(VerdictTable.WEIGHT), factor.apply(col(VerdictTable.VERDICT)))
                    .as("factor"),
                enters.apply(col(VerdictTable.VERDICT)).as("enters"))
            .where("factor != 1 OR enters > 0")
            .orderBy("key")
            .toLocalIterator();
    long[] keys = new long[most];
    float[] factors = new float[most];
    int[] first = new int[most];
    int n = 0;
    for (; rows.hasNext(); n++) {
      Row row = rows.next();
      keys[n] = row.getLong(0);
      factors[n] = (float) row.getDouble(1);
      first[n] = row.getInt(2);
    }
    return SampleWeights.of(
        Arrays.copyOf(keys, n), Arrays.copyOf(factors, n), Arrays.copyOf(first, n));
  }

  /** Whether any training sample of the run is judged. */
  boolean used() {
    return !verdicts.isEmpty();
  }

  String digest() {
    return weights.digest().hex();
  }

  /** Of a run's MLflow parameters; none where it uses no verdicts. */
  Map<String, String> params() {
    if (!used()) {
      return Map.of();
    }
    Map<String, String> params = new LinkedHashMap<>();
    params.put("verdicts", verdicts.toString());
    params.put("verdicts_digest", digest());
    params.put("reweighted_images", String.valueOf(weights.size()));
    return params;
  }

  /** Notes in a run's folder what is used; nothing where it uses no verdicts. */
  void keep(Path folder) {
    try {
      Files.deleteIfExists(folder.resolve(FILE));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove " + folder.resolve(FILE), e);
    }
    if (version >= 0) {
      JsonFiles.write(folder.resolve(FILE), note());
    }
  }

  private Map<String, Object> note() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("digest", digest());
    all.put(VERSION, version);
    all.put("reweighted", weights.size());
    all.put("verdicts", verdicts);
    Map<String, Float> factors = new LinkedHashMap<>();
    Map<String, Integer> enter = new LinkedHashMap<>();
    for (Verdict verdict : Verdict.values()) {
      factors.put(verdict.word(), curriculum.factor(verdict));
      enter.put(verdict.word(), curriculum.enters(verdict));
    }
    all.put("factors", factors);
    all.put("enter", enter);
    return all;
  }
}
