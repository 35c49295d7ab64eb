package stillhouse.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.NpyFile;

/**
 * The projections that a workspace stores its maps through: {@code root/cache/projections/<rule>/},
 * each fitted once and never changed. {@code projection.json} says what it is and names the file of
 * its numbers; it is put there last. Of several fitters of one rule the first is used by all.
 */
public final class Projections {
  static final String INFO = "projection.json";
  private static final Logger log = LoggerFactory.getLogger(Projections.class);

  private final String path;
  private final Configuration hadoop;

  private Projections(String path, Configuration hadoop) {
    this.path = path;
    this.hadoop = hadoop;
  }

  static Projections of(CacheTables tables, SparkSession spark) {
    return new Projections(tables.projectionsPath(), spark.sparkContext().hadoopConfiguration());
  }

  /**
   * The content of {@code projection.json}.
   *
   * @param digest of the numbers, {@link Projection#digest}: what feature keys hold
   * @param encoder the rule's parts, as {@link ProjectionRule} has them
   * @param images that were observed
   * @param cells that were observed, of all images together
   * @param explained share of the variance that the directions explain
   * @param variances the same of each
   * @param matrix .npy file of fp32 [1 + C′, C]: μ, then P's rows
   */
  record Info(
      String digest,
      String encoder,
      String preprocessing,
      String layer,
      int channels,
      int dimensions,
      int sample,
      int positions,
      long images,
      long cells,
      double explained,
      float[] variances,
      String matrix) {}

  /**
   * How a workspace stores a teacher's maps where the data set's YAML asks for {@code cache}.
   *
   * @throws ConfigException where a projection is asked for and none was fitted yet
   */
  public static Encoding encoding(
      SparkSession spark, String root, DatasetConfig.Cache cache, TeacherSpec teacher) {
    return encoding(spark, CacheTables.of(root), cache, teacher);
  }

  /** Whether the workspace has every projection that the YAML asks for. */
  static boolean fitted(
      SparkSession spark, CacheTables tables, DatasetConfig.Cache cache, TeacherSpec teacher) {
    Projections kept = of(tables, spark);
    return ProjectionRule.of(cache.projection(), teacher).stream()
        .allMatch(rule -> kept.find(rule).isPresent());
  }

  static Encoding encoding(
      SparkSession spark, CacheTables tables, DatasetConfig.Cache cache, TeacherSpec teacher) {
    Projections kept = of(tables, spark);
    SortedMap<String, Encoding.Fitted> fitted = new TreeMap<>();
    for (ProjectionRule rule : ProjectionRule.of(cache.projection(), teacher)) {
      Encoding.Fitted found =
          kept.find(rule)
              .orElseThrow(
                  () ->
                      new ConfigException(
                          "Cannot read the cache of teacher %s: its layer '%s' is stored through a projection to %d channels that %s does not hold yet. Run the cache job."
                              .formatted(
                                  teacher.name(), rule.layer(), rule.dimensions(), kept.path)));
      fitted.put(rule.layer(), found);
    }
    return new Encoding(cache.encoding(), fitted);
  }

  /**
   * @throws IllegalStateException where its numbers are not those that were written
   */
  Optional<Encoding.Fitted> find(ProjectionRule rule) {
    PublishedFolder folder = folder(rule);
    if (!folder.has(INFO)) {
      return Optional.empty();
    }
    Info info = folder.read(INFO, Info.class);
    Projection read = read(folder, info);
    if (!read.digest().hex().equals(info.digest())) {
      throw new IllegalStateException(
          "Cannot use projection %s: its numbers' digest is %s, written was %s. The file %s is damaged: restore it."
              .formatted(
                  folder.file(INFO), read.digest(), info.digest(), folder.file(info.matrix())));
    }
    return Optional.of(new Encoding.Fitted(rule.digest(), read));
  }

  /** Gives another workspace the projections of an encoding, as they are here. */
  void copy(Encoding encoding, Projections other) {
    for (Encoding.Fitted fitted : encoding.projections().values()) {
      Path from = new Path(path, fitted.rule().hex());
      Path to = new Path(other.path, fitted.rule().hex());
      try {
        FileUtil.copy(
            from.getFileSystem(hadoop), from, to.getFileSystem(hadoop), to, false, hadoop);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot copy " + from + " to " + to, e);
      }
    }
  }

  /** Makes it the rule's projection, unless there is one: that one is returned then. */
  Encoding.Fitted publish(ProjectionRule rule, Projection fitted, long images, long cells) {
    PublishedFolder folder = folder(rule);
    String own = UUID.randomUUID().toString();
    String matrix = "matrix-" + own + ".npy";
    folder.write(matrix, NpyFile.of(rows(fitted)));
    String draft = "_" + own + ".json";
    folder.write(draft, info(rule, fitted, images, cells, matrix));
    folder.publish(draft, INFO);
    if (!folder.read(INFO, Info.class).matrix().equals(matrix)) {
      folder.delete(draft);
      folder.delete(matrix);
    }
    Encoding.Fitted kept = find(rule).orElseThrow();
    log.info(
        "Projection of layer {} to {} of {} channels: {} of the variance of {} cells of {} images;"
            + " {}",
        rule.layer(),
        kept.projection().dimensions(),
        kept.projection().channels(),
        "%.4f".formatted(kept.projection().explained()),
        cells,
        images,
        kept.projection().equals(fitted)
            ? folder.file(INFO)
            : "another run's was first, and is used");
    return kept;
  }

  private static Info info(
      ProjectionRule rule, Projection fitted, long images, long cells, String matrix) {
    return new Info(
        fitted.digest().hex(),
        rule.encoder().hex(),
        rule.preprocessing().hex(),
        rule.layer(),
        fitted.channels(),
        fitted.dimensions(),
        rule.sample(),
        ProjectionRule.POSITIONS,
        images,
        cells,
        fitted.explained(),
        fitted.variances(),
        matrix);
  }

  private static float[][] rows(Projection projection) {
    float[][] rows = new float[1 + projection.dimensions()][];
    rows[0] = projection.mean();
    System.arraycopy(projection.directions(), 0, rows, 1, projection.dimensions());
    return rows;
  }

  private static Projection read(PublishedFolder folder, Info info) {
    float[][] rows =
        NpyFile.rows(folder.readBytes(info.matrix()), 1 + info.dimensions(), info.channels());
    return new Projection(
        rows[0], List.of(rows).subList(1, rows.length).toArray(float[][]::new), info.variances());
  }

  private PublishedFolder folder(ProjectionRule rule) {
    return new PublishedFolder(new Path(path, rule.digest().hex()), hadoop);
  }
}
