package stillhouse.jobs;

import static org.apache.spark.sql.functions.array_join;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheTables;
import stillhouse.conf.ConfigException;
import stillhouse.data.HadoopImages;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.predict.StrataFile;

/**
 * Training images that an INT8 file's ranges are measured on: as many as possible of each stratum,
 * in turn. A stratum is what classes an image shows, what a strata file says of it (glare, depth,
 * paint), and which third of its kind it is by brightness (dark, middle, bright); within it, images
 * of groups that were not drawn yet come first.
 *
 * @param ids of the samples, in a fixed order
 * @param strata how many of each
 * @param classes of the labels that are among them
 * @param without strata that have images and gave none, since there are more strata than images
 * @param all whether these are all training images that there are
 */
record CalibrationSet(
    List<String> ids, Map<String, Long> strata, Set<String> classes, int without, boolean all) {
  private static final Logger log = LoggerFactory.getLogger(CalibrationSet.class);
  static final int ENOUGH = 500; // below, extremes of an activation are left to chance

  private static final int CANDIDATES = 4; // looked at for each that is drawn
  private static final String KNOWN = "known";
  private static final String NONE = "none"; // of the classes
  private static final StructType BRIGHTNESS =
      new StructType()
          .add("id", DataTypes.StringType)
          .add("group", DataTypes.StringType)
          .add("shows", DataTypes.StringType)
          .add(KNOWN, DataTypes.StringType)
          .add("hash", DataTypes.StringType)
          .add("brightness", DataTypes.DoubleType);

  /**
   * A training image that may be drawn.
   *
   * @param shows the numbers of its classes, joined by +; empty for none
   * @param known what a strata file says of it, as "glare: strong, paint: none"; empty without one
   * @param brightness mean of its values, 0 to 255
   */
  record Candidate(
      String id, String group, String shows, String known, String hash, double brightness) {
    /** What it is one of, but for its brightness. */
    String kind() {
      String shown = shows.isEmpty() ? NONE : shows;
      return known.isEmpty() ? shown : shown + ", " + known;
    }
  }

  /**
   * @param wanted images
   * @param names of the classes 1…K
   * @param strata the file of what is known of images, {@link StrataFile}
   * @throws ConfigException where there is no training image, or the file is not right
   */
  static CalibrationSet draw(
      SparkSession spark, String root, int wanted, List<String> names, Optional<String> strata) {
    spark.sparkContext().setJobDescription("INT8: calibration images, by class and brightness");
    try {
      List<Candidate> candidates = candidates(spark, root, wanted, strata);
      if (candidates.isEmpty()) {
        throw new ConfigException(
            "Cannot calibrate INT8: split train of %s has no image. Ingest training images first."
                .formatted(root));
      }
      return drawn(candidates, wanted, names);
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  private static List<Candidate> candidates(
      SparkSession spark, String root, int wanted, Optional<String> strata) {
    Dataset<Row> train =
        Samples.withTiles(CacheTables.of(root).samples(spark))
            .where(col(Samples.SPLIT).equalTo("train"));
    if (strata.isEmpty()) {
      return candidates(spark, root, wanted, train.withColumn(KNOWN, lit("")));
    }
    try (StrataFile file = StrataFile.read(spark, strata.get(), train)) {
      if (!file.remarks().isEmpty()) {
        log.warn("{} (of split train)", file.remarks());
      }
      return candidates(spark, root, wanted, train.join(file.told(KNOWN), Samples.SAMPLE_ID));
    }
  }

  private static List<Candidate> candidates(
      SparkSession spark, String root, int wanted, Dataset<Row> known) {
    Dataset<Row> train =
        known
            .withColumn(
                "shows", array_join(col(Samples.CLASSES_PRESENT).cast("array<string>"), "+"))
            .withColumn("hash", sha2(col(Samples.SAMPLE_ID), 256))
            .select( // masks stay where they are
                Samples.SAMPLE_ID,
                Samples.GROUP_ID,
                Samples.IMAGE_URI,
                Samples.CONTENT_SHA256,
                Samples.TILE,
                "shows",
                KNOWN,
                "hash");
    Dataset<Row> some =
        train
            .join(
                Quarantine.unreadable(spark, root, train),
                Quarantine.on(Samples.SAMPLE_ID),
                "left_anti")
            .withColumn(
                "rank", row_number().over(Window.partitionBy("shows", KNOWN).orderBy("hash")))
            .orderBy("rank", "hash")
            .limit(CANDIDATES * wanted);
    HadoopImages images = HadoopImages.of(spark);
    MapPartitionsFunction<Row, Row> look = rows -> Mapped.of(rows, row -> look(images, row));
    return some
        .repartition(spark.sparkContext().defaultParallelism())
        .mapPartitions(look, Encoders.row(BRIGHTNESS))
        .collectAsList()
        .stream()
        .map(
            r ->
                new Candidate(
                    r.getString(0),
                    r.getString(1),
                    r.getString(2),
                    r.getString(3),
                    r.getString(4),
                    r.getDouble(5)))
        .sorted(Comparator.comparing(Candidate::hash))
        .toList();
  }

  private static Row look(HadoopImages images, Row row) {
    String shows = row.getAs("shows");
    return RowFactory.create(
        row.getAs(Samples.SAMPLE_ID),
        row.getAs(Samples.GROUP_ID),
        shows == null ? "" : shows,
        row.getAs(KNOWN),
        row.getAs("hash"),
        brightness(images.read(row)));
  }

  private static double brightness(RgbImage image) {
    long sum = 0;
    for (byte value : image.rgb()) {
      sum += value & 0xff;
    }
    return sum / (double) image.rgb().length;
  }

  /** Of candidates in a fixed order. */
  static CalibrationSet drawn(List<Candidate> candidates, int wanted, List<String> names) {
    Map<String, List<Candidate>> strata = strata(candidates);
    // In the order of their first images' hashes, so that of too many no alphabet chooses.
    List<Map.Entry<String, List<Candidate>>> turns = new ArrayList<>(strata.entrySet());
    turns.sort(Comparator.comparing(stratum -> stratum.getValue().get(0).hash()));
    List<String> ids = new ArrayList<>();
    Map<String, Long> counts = new TreeMap<>();
    Set<String> groups = new HashSet<>();
    Set<String> classes = new TreeSet<>();
    while (ids.size() < wanted && strata.values().stream().anyMatch(s -> !s.isEmpty())) {
      for (Map.Entry<String, List<Candidate>> stratum : turns) {
        Optional<Candidate> next = next(stratum.getValue(), groups);
        if (next.isPresent() && ids.size() < wanted) {
          ids.add(next.get().id());
          groups.add(next.get().group());
          counts.merge(stratum.getKey(), 1L, Long::sum);
          classes.addAll(classes(next.get().shows(), names));
        }
      }
    }
    int without = strata.size() - counts.size();
    boolean all = ids.size() == candidates.size(); // more than wanted are looked at, if there are
    return new CalibrationSet(List.copyOf(ids), counts, Set.copyOf(classes), without, all);
  }

  /** By what they show and what is known of them, each in three by brightness. */
  private static Map<String, List<Candidate>> strata(List<Candidate> candidates) {
    Map<String, List<Candidate>> shown = new TreeMap<>();
    candidates.forEach(c -> shown.computeIfAbsent(c.kind(), s -> new ArrayList<>()).add(c));
    Map<String, List<Candidate>> strata = new TreeMap<>();
    String[] thirds = {"dark", "middle", "bright"};
    shown.forEach(
        (kind, all) -> {
          List<Candidate> sorted = new ArrayList<>(all);
          sorted.sort(Comparator.comparingDouble(Candidate::brightness));
          for (int i = 0; i < sorted.size(); i++) {
            String third = thirds[3 * i / sorted.size()];
            String name = kind + ", " + third;
            strata.computeIfAbsent(name, s -> new ArrayList<>()).add(sorted.get(i));
          }
        });
    strata.values().forEach(s -> s.sort(Comparator.comparing(Candidate::hash)));
    return strata;
  }

  private static Optional<Candidate> next(List<Candidate> stratum, Set<String> groups) {
    if (stratum.isEmpty()) {
      return Optional.empty();
    }
    for (int i = 0; i < stratum.size(); i++) {
      if (!groups.contains(stratum.get(i).group())) {
        return Optional.of(stratum.remove(i));
      }
    }
    return Optional.of(stratum.remove(0));
  }

  private static List<String> classes(String shows, List<String> names) {
    List<String> shown = new ArrayList<>();
    for (String part : shows.split("\\+")) {
      if (!part.isEmpty()) {
        shown.add(names.get(Integer.parseInt(part) - 1));
      }
    }
    return shown;
  }

  /** How many of each stratum, for reading: {@code 12 of scratch+dent, dark; 3 of none, bright}. */
  String text(List<String> names) {
    return strata.entrySet().stream()
        .map(s -> s.getValue() + " of " + named(s.getKey(), names))
        .collect(Collectors.joining("; "));
  }

  /** A stratum begins with the numbers of its classes. */
  private static String named(String stratum, List<String> names) {
    int end = stratum.indexOf(", ");
    String shown = stratum.substring(0, end);
    return shown.equals(NONE)
        ? stratum
        : String.join("+", classes(shown, names)) + stratum.substring(end);
  }

  /** What speaks against it. */
  List<String> warnings(List<String> names) {
    List<String> warnings = new ArrayList<>();
    if (ids.size() < ENOUGH) {
      warnings.add(
          "INT8 is calibrated on %d images (at least %d are wanted): what rare images need may be cut off. %s"
              .formatted(
                  ids.size(),
                  ENOUGH,
                  all
                      ? "These are all training images: ingest more"
                      : "Ask for more with --calibration-images"));
    }
    if (without > 0) {
      warnings.add(
          "INT8 is calibrated on images of %d strata, and %d more gave none: there are more strata than images. Ask for more with --calibration-images, or give --strata fewer columns"
              .formatted(strata.size(), without));
    }
    if (names.size() > 1 && classes.size() == 1) {
      warnings.add(
          "INT8 is calibrated on images that show one class of %d, %s: ranges may not fit the others %s. Label training images of those"
              .formatted(
                  names.size(),
                  classes.iterator().next(),
                  names.stream().filter(n -> !classes.contains(n)).toList()));
    }
    if (classes.isEmpty()) {
      warnings.add(
          "INT8 is calibrated on images without labels: they are spread by brightness alone");
    }
    return warnings;
  }
}
