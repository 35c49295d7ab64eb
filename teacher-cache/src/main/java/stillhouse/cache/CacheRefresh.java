package stillhouse.cache;

import java.util.UUID;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.ImageSource;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;

/**
 * Brings the teacher cache up to date with the samples table: asks the teacher what the cache does
 * not know yet, and nothing else.
 *
 * <p>One query counts what each table lacks; where that is nothing, it is the report. Else up to
 * three passes, features, answers, structure, each the same way: the missing keys are planned by an
 * anti-join, computed in chunks into files of the table's folder, and each chunk is committed by
 * {@link AppendOnce}. A run that is stopped loses at most its last chunk. Runs at the same time
 * start at different chunks, leave out what others have committed by the time a chunk's turn comes,
 * and never double a row: where both have computed a chunk, one of the copies is not committed.
 *
 * <p>Before the first of them, where the data set's cache is projected and the workspace has no
 * such projection yet, {@link ProjectionFit} asks about a sample and fits it.
 *
 * <p>Every sample ends up cached or quarantined, or the run fails. A quarantined image is tried
 * again by the next run.
 */
public final class CacheRefresh {
  private final TeacherAccess access;
  private final ImageSource images;
  private final Progress progress;

  public CacheRefresh(TeacherAccess access, ImageSource images, Progress progress) {
    this.access = access;
    this.images = images;
    this.progress = progress;
  }

  /**
   * @param root the workspace, with {@code tables/samples}
   * @param plan what a promptable teacher is asked; not looked at for others, and may be null
   * @throws IllegalStateException where a sample is neither cached nor quarantined at the end
   */
  public CacheReport run(
      SparkSession spark,
      String root,
      TeacherSource teacher,
      PromptPlan plan,
      CacheOptions options) {
    int radius = options.cache().structureRadius();
    CacheKeys plain = CacheKeys.of(teacher.spec(), plan, Encoding.of(DType.FP32), radius);
    CacheTables tables = CacheTables.of(root);
    SparkSession session = CacheFiles.session(spark);
    Dataset<Row> ingested = tables.samples(session);
    create(session, tables, teacher.spec());
    try (var staging = new Staging(session, tables.stagingPath());
        var pin = pinned(session, root)) {
      var encoder = new FeatureEncoding(teacher, access, images, plain);
      var fit = new ProjectionFit(session, tables, staging, progress, encoder, options);
      CacheKeys keys = CacheKeys.of(teacher.spec(), plan, fit.encoding(ingested), radius);
      var samples = CacheTables.keyed(ingested, keys, options.views());
      var accounts = new Accounts(session, tables, keys, samples);
      Ledger before = accounts.ledger();
      var passes = new CachePasses(session, tables, staging, keys, options, samples, progress);
      var encoding = new FeatureEncoding(teacher, access, images, keys);
      var features = passes.features(encoding, fit.sampled(), before.features());
      var answering = new Answering(teacher, access, plan, images, keys);
      var answers = passes.answers(answering, before.answers());
      var structure = passes.structure(new StructureMapping(keys), before.structure());
      Ledger after = before.isWhole() ? before : accounts.ledger();
      return accounts.report(after, features, answers, structure);
    } finally {
      session.sparkContext().setJobDescription(null);
    }
  }

  /** Files that are written and not yet committed are young to VACUUM, however long that takes. */
  private static Pins.Held pinned(SparkSession spark, String root) {
    String owner = UUID.randomUUID().toString();
    return Pins.of(spark, root).hold("cache", owner, "", Pins.versions(spark, root));
  }

  private static void create(SparkSession spark, CacheTables tables, TeacherSpec spec) {
    AppendOnce.create(spark, tables.featuresPath(), CacheTables.featuresType(spec));
    AppendOnce.create(spark, tables.answersPath(), CacheTables.ANSWERS);
    AppendOnce.create(spark, tables.structurePath(), CacheTables.STRUCTURE);
    AppendOnce.create(spark, tables.quarantinePath(), CacheTables.QUARANTINE);
  }
}
