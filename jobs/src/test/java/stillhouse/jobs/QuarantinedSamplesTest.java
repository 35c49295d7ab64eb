package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.desc;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.delta.tables.DeltaTable;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheRefresh;
import stillhouse.cache.Progress;
import stillhouse.cache.TeacherAccess;
import stillhouse.cache.TrainingView;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.data.ClassMask;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.Ingest;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.teacher.TeacherSpec;
import stillhouse.train.Recipe;

/**
 * A workspace in which ingest refused one file, and two images that it took were damaged before the
 * cache job read them. Of the others one is unlabelled and two have equal content.
 */
class QuarantinedSamplesTest {
  private static final int SIDE = 32;
  private static final TeacherSpec ASKED = BrightTeacher.named("asked").spec();
  private static final TeacherSpec NEVER_ASKED = BrightTeacher.named("never-asked").spec();
  @TempDir static Path folder;
  private static LocalSession session;
  private static SparkSession spark;
  private static DatasetConfig dataset;

  @BeforeAll
  static void cacheWithDamage() throws IOException {
    for (int i = 0; i < 4; i++) {
      picture("train", "t" + i, i, true);
      picture("test", "a" + i, 10 + i, true);
    }
    picture("train", "unlabelled", 5, false);
    picture("test", "twin-of-a2", 12, true);
    picture("test", "broken", 20, true);
    Files.writeString(image("test", "broken"), "no picture");
    Path yaml =
        Files.writeString(
            folder.resolve("data.yaml"),
            """
            name: plates
            classes: [scratch]
            sources:
              - {images: train/images, masks: train/masks, split: train}
              - {images: test/images, masks: test/masks, split: test}
            input: {height: 32, width: 32}
            """);
    dataset = DatasetConfig.load(yaml);
    session = new LocalSession();
    spark = session.spark();
    Ingest.run(spark, dataset, root());
    damage("train", "t3");
    damage("test", "a3");
    new CacheRefresh(TeacherAccess.perTask(), HadoopImages.of(spark), Progress.NONE)
        .run(
            spark,
            root(),
            new BrightTeacher.Source(ASKED),
            Prompts.of(dataset),
            CacheOptions.of(dataset.cache(), 512));
  }

  @AfterAll
  static void stop() {
    session.close();
  }

  @Test
  void everyImageIsCountedByWhatBecameOfIt() {
    assertThat(coverage(ASKED)).isEqualTo(new Coverage(11, 8, 3, 0, true));
    assertThat(coverage(ASKED).warning()).isEmpty();
    assertThat(coverage(ASKED).toMap())
        .containsExactly(
            Map.entry("images", 11L),
            Map.entry("images_cached", 8L),
            Map.entry("images_quarantined", 3L),
            Map.entry("images_missing", 0L));
  }

  @Test
  void whatIngestRefusedIsNamedWithWhatWasFound() {
    List<String> refused = Quarantine.newestOfIngest(spark, root(), 5);
    assertThat(refused).as("and nothing of the cache's").hasSize(1);
    assertThat(refused.get(0)).contains("test/images/broken.png: unknown-format, ");
    assertThat(Quarantine.newestOfIngest(spark, root(), 0)).isEmpty();
  }

  @Test
  void whatNoTeacherWasAskedIsMissingAndNotQuarantined() {
    assertThat(coverage(NEVER_ASKED)).isEqualTo(new Coverage(11, 0, 3, 8, true));
    assertThat(coverage(NEVER_ASKED).warning().orElseThrow())
        .startsWith("8 of 11 images are neither cached nor quarantined: ")
        .endsWith("Run it again.");
    assertThat(Coverage.of(spark, root(), Optional.empty()).toMap())
        .containsExactly(Map.entry("images", 11L), Map.entry("images_quarantined", 3L));
  }

  @Test
  void anImageThatWasMendedAndCachedIsNoLongerQuarantined() {
    Coverage before = coverage(ASKED);
    spark.sql(
        "INSERT INTO delta.`%s/tables/quarantine` SELECT image_uri, 'image unreadable', 'once', 'cache: features', now(), null, null, null, null, null, null FROM delta.`%s/tables/samples` WHERE image_uri LIKE '%%a0.png'"
            .formatted(root(), root()));
    assertThat(coverage(ASKED)).isEqualTo(before);
    assertThat(samples(Optional.of(ASKED)).set().images()).isEqualTo(4);
  }

  @Test
  void whatTheCacheJobCouldNotReadIsLeftOutForEveryModel() {
    TestSamples withTeacher = samples(Optional.of(ASKED));
    assertThat(names(withTeacher.rows())).containsExactly("a0", "a1", "a2", "twin-of-a2");
    assertThat(withTeacher.leftOut()).containsExactly(Map.entry("image unreadable", 1L));
    TestSamples alone = samples(Optional.empty());
    assertThat(alone.set()).isEqualTo(withTeacher.set());
    assertThat(alone.leftOut()).isEqualTo(withTeacher.leftOut());
  }

  @Test
  void anImageThatWasMendedIsScoredAgain() throws IOException {
    picture("test", "a3", 13, true);
    try {
      assertThat(samples(Optional.empty()).set().images()).isEqualTo(5);
      assertThat(samples(Optional.empty()).leftOut()).isEmpty();
      assertThat(samples(Optional.of(ASKED)).leftOut()) // mended, and not asked about yet
          .containsExactly(Map.entry("image unreadable", 1L));
    } finally {
      damage("test", "a3");
    }
  }

  @Test
  void aTeacherThatAnsweredNothingIsNotScored() {
    assertThatThrownBy(() -> samples(Optional.of(NEVER_ASKED)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "No image to score in split test: 0 of its 5 labelled images can be used ({image"
                + " unreadable=1, not answered=4}). Ingest labelled images, or run the cache job"
                + " again.");
  }

  @Test
  void trainingOnLabelsLeavesThemOutToo() {
    Recipe scratch = Recipe.load(ConfFiles.find("recipes", "scratch"));
    TrainingView view =
        new ViewMaker(spark, root(), dataset, Optional.empty(), 1, false).of(scratch);
    assertThat(view.info().rows("train")).isEqualTo(3);
    assertThat(view.info().rows("test")).isEqualTo(4);
  }

  @Test
  void aTrainingSetThatTheCacheJobHasNotReachedIsRefused() {
    Recipe sard = Recipe.load(ConfFiles.find("recipes", "sard"));
    assertThatThrownBy(() -> views(NEVER_ASKED).of(sard))
        .as("what another teacher could not read is no excuse for this one")
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("5 of 5 training and validation images are neither cached nor ")
        .hasMessageEndingWith("cache settings are others now (fp16, r = 7). Run the cache job.");
    assertThat(views(ASKED).of(sard).info().rows("train"))
        .as("three with labels, one without; one is in quarantine")
        .isEqualTo(4);
  }

  @Test
  void whatIsCachedIsTrainedOnWhereThatWasAskedFor() {
    Recipe sard = Recipe.load(ConfFiles.find("recipes", "sard"));
    String table = root() + "/tables/samples";
    spark
        .read()
        .format("delta")
        .load(table)
        .where("image_uri like '%t0.png'")
        .withColumn("sample_id", lit("late"))
        .withColumn("image_uri", lit("file:/late.png"))
        .withColumn("content_sha256", lit("0".repeat(64)))
        .write()
        .format("delta")
        .mode("append")
        .save(table);
    try {
      assertThatThrownBy(() -> views(ASKED).of(sard))
          .hasMessageStartingWith("1 of 6 training ")
          .hasMessageEndingWith("Run the cache job again, or train without them: --partial.");
      var partial = new ViewMaker(spark, root(), dataset, Optional.of(ASKED), 1, true);
      assertThat(partial.of(sard).info().rows("train")).isEqualTo(4);
    } finally {
      DeltaTable.forPath(spark, table).delete("sample_id = 'late'");
    }
  }

  @Test
  void aRecipeWhoseViewsAreNotCachedIsRefusedWithTheCommandThatCachesThem() throws IOException {
    String yaml = Files.readString(ConfFiles.find("recipes", "sard"));
    Path file = folder.resolve("sard-turned.yaml");
    Files.writeString(file, yaml + "augmentation: {views: [identity, turn-90]}\n");
    Recipe turned = Recipe.load(file);
    assertThatThrownBy(() -> views(ASKED).of(turned))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Recipe sard draws the views [turn-90], and 4 training and validation images are not"
                + " cached in them. Name them in the data set's YAML, cache: {views: [identity,"
                + " turn-90]}, or run the cache job with --recipe sard.");
    Recipe scratch = Recipe.load(ConfFiles.find("recipes", "scratch"));
    Path alone = folder.resolve("scratch-turned.yaml");
    Files.writeString(
        alone,
        Files.readString(ConfFiles.find("recipes", "scratch"))
            + "augmentation: {views: [identity, turn-90]}\n");
    var info = views(ASKED).of(Recipe.load(alone)).info();
    assertThat(info.rows("train")).as("labels need no teacher to be turned").isEqualTo(6);
    assertThat(info.samples("train")).isEqualTo(3);
    assertThat(views(ASKED).of(scratch).info().rows("train")).isEqualTo(3);
  }

  /** A teacher of single pixels sees a mirrored image as the mirrored map. */
  @Test
  void anEquivariantTeacherIsMeasuredAsOne() throws IOException {
    List<View> flips = List.of(View.FLIP_HORIZONTAL, View.TURN_90);
    var probe =
        new EquivarianceProbe(spark, root(), dataset, new BrightTeacher.Source(ASKED), flips);
    EquivarianceTable table = probe.measure(20, 0.999);
    assertThat(table.images()).as("three that can't be read are left out").isEqualTo(8);
    assertThat(table.derivableViews()).isEqualTo(flips);
    assertThat(table.text())
        .contains("flip-horizontal  logits         1.0000   1.0000     0.0000   0.0000     1.0000");
    BufferedImage sheet = ImageIO.read(new ByteArrayInputStream(probe.picture(20)));
    assertThat(sheet.getWidth()).as("seven panels").isEqualTo(8 + 7 * 228);
  }

  private static ViewMaker views(TeacherSpec teacher) {
    return new ViewMaker(spark, root(), dataset, Optional.of(teacher), 1, false);
  }

  @Test
  void theSamplesDigestFollowsTheirContentAndNotTheirOrder() {
    Dataset<Row> found = samples(Optional.empty()).rows();
    Dataset<Row> rows = spark.createDataFrame(found.collectAsList(), found.schema());
    SampleSet set = set(rows);
    assertThat(set(found)).isEqualTo(set);
    assertThat(set.images()).isEqualTo(4);
    assertThat(set(rows.repartition(3).orderBy(desc("sample_id")))).isEqualTo(set);
    assertThat(set(rows.where("image_uri not like '%a0.png'"))).isNotEqualTo(set);
    assertThat(set(rows.withColumn("mask", lit(new byte[] {1})))).isNotEqualTo(set);
    assertThat(set(rows.withColumn("group_id", lit("one")))).isNotEqualTo(set);
    assertThat(set(rows.withColumn("content_sha256", col("sample_id")))).isNotEqualTo(set);
    assertThat(SampleSet.of(List.of("dent"), rows)).isNotEqualTo(set);
    Dataset<Row> twice = rows.unionAll(rows).unionAll(rows); // a xor alone would not see this
    assertThat(set(twice)).isNotEqualTo(set);
  }

  private static SampleSet set(Dataset<Row> rows) {
    return SampleSet.of(dataset.classes(), rows);
  }

  private static Coverage coverage(TeacherSpec teacher) {
    return Coverage.of(spark, root(), Optional.of(Prompts.keys(spark, root(), dataset, teacher)));
  }

  private static TestSamples samples(Optional<TeacherSpec> teacher) {
    return TestSamples.of(spark, root(), dataset, "test", teacher);
  }

  private static List<String> names(Dataset<Row> rows) {
    return rows.select("image_uri").collectAsList().stream()
        .map(row -> Path.of(row.getString(0)).getFileName().toString().replace(".png", ""))
        .sorted()
        .toList();
  }

  private static String root() {
    return "file:" + folder.resolve("house");
  }

  private static Path image(String split, String name) {
    return folder.resolve(split).resolve("images").resolve(name + ".png");
  }

  private static void damage(String split, String name) throws IOException {
    Files.writeString(image(split, name), "damaged");
  }

  /** A bright square on noise, and where it is. */
  private static void picture(String split, String name, long seed, boolean labelled)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] rgb = new byte[3 * SIDE * SIDE];
    byte[] labels = new byte[SIDE * SIDE];
    int from = 4 + random.nextInt(8);
    for (int i = 0; i < labels.length; i++) {
      boolean inside = i / SIDE >= from && i % SIDE >= from && i % SIDE < from + 12;
      labels[i] = (byte) (inside ? 1 : 0);
      for (int c = 0; c < 3; c++) {
        rgb[3 * i + c] = (byte) (random.nextInt(90) + (inside ? 150 : 0));
      }
    }
    Path masks = Files.createDirectories(folder.resolve(split).resolve("masks"));
    Files.createDirectories(image(split, name).getParent());
    Files.write(image(split, name), ImageCodec.encodePng(new RgbImage(SIDE, SIDE, rgb)));
    if (labelled) {
      Files.write(
          masks.resolve(name + ".png"), ImageCodec.encodePng(new ClassMask(SIDE, SIDE, labels)));
    }
  }
}
