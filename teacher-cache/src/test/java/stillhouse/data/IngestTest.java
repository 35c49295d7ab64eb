package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

class IngestTest {
  private static SparkSession spark;

  @TempDir Path folder;
  private Path images;
  private Path masks;
  private String root;

  @BeforeAll
  static void openSpark() {
    spark = Sessions.local();
  }

  @BeforeEach
  void layFolders() throws IOException {
    images = Files.createDirectories(folder.resolve("images"));
    masks = Files.createDirectories(folder.resolve("masks"));
    root = folder.resolve("house").toString();
  }

  @Test
  void followsItsFoldersOverFourRuns() throws IOException {
    for (int i = 0; i < 8; i++) {
      picture("part" + i, 8, 6, i, i % 3);
    }
    Files.write(images.resolve("broken.png"), Arrays.copyOf(png(8, 6, 99), 60));
    picture("other-size", 8, 6, 50, 1);
    Files.write(masks.resolve("other-size.png"), mask(7, 6, 1));
    picture("other-class", 8, 6, 51, 9);
    Files.write(images.resolve("unlabelled.png"), png(5, 5, 52));

    picture("12:30", 8, 6, 53, 1);

    Files.copy(images.resolve("part1.png"), images.resolve("twin.png"));
    Files.write(masks.resolve("twin.png"), mask(8, 6, 0));

    IngestReport first = run(config());
    assertThat(first.found()).isEqualTo(14);
    assertThat(first.added()).isEqualTo(10);
    assertThat(first.samples()).isEqualTo(10);
    assertThat(first.quarantined()).isEqualTo(4);
    assertThat(first.unlabelled()).isEqualTo(1);
    assertThat(first.classes()).containsExactly(Map.entry("scratch", 3L), Map.entry("dent", 2L));
    assertThat(first.reasons())
        .isEqualTo(Map.of("truncated", 1L, "mask-size", 1L, "mask-values", 1L, "not-readable", 1L));
    assertThat(details())
        .anySatisfy(d -> assertThat(d).contains("can't open a name with a colon; rename it"))
        .anySatisfy(d -> assertThat(d).isEqualTo("mask is 7×6, its image 8×6"))
        .anySatisfy(
            d ->
                assertThat(d)
                    .isEqualTo(
                        "values {9} are no class (0 background, 1…2 scratch, dent, 255 ignored)"));

    rowsHoldWhatTheFilesHold();

    List<Long> versions = versions();
    IngestReport second = run(config());
    assertThat(second.known()).isEqualTo(10);
    assertThat(second.added() + second.changed() + second.gone()).isZero();
    assertThat(second.reasons()).isEqualTo(first.reasons());
    assertThat(versions()).as("no commit where nothing changed").isEqualTo(versions);

    Row before = sample("part2");
    picture("part2", 8, 6, 70, 1);
    later(images.resolve("part2.png"));
    Files.write(masks.resolve("part3.png"), mask(8, 6, 2));
    later(masks.resolve("part3.png"));
    Files.delete(images.resolve("part4.png"));
    Files.write(images.resolve("broken.png"), png(8, 6, 99));
    Files.write(images.resolve("part5.png"), new byte[0]);
    Files.write(images.resolve("part6.jpeg"), png(8, 6, 3));
    Files.delete(images.resolve("12:30.png"));
    IngestReport third = run(config());
    assertThat(third.changed()).as("part2's image, part3's mask").isEqualTo(2);
    assertThat(third.gone()).as("part4").isEqualTo(1);
    assertThat(third.added()).as("broken, mended").isEqualTo(1);
    assertThat(third.known()).isEqualTo(5);
    assertThat(third.reasons())
        .isEqualTo(Map.of("empty", 1L, "mask-shared", 2L, "mask-size", 1L, "mask-values", 1L));
    assertThat(details()).filteredOn(d -> d.startsWith("2 images and 1 masks are ")).hasSize(2);
    assertThat(sample("part2").<String>getAs(Samples.CONTENT_SHA256))
        .isNotEqualTo(before.getAs(Samples.CONTENT_SHA256));
    assertThat(sample("part3").<Object>getList(sample("part3").fieldIndex(Samples.CLASSES_PRESENT)))
        .isEqualTo(List.of(2));

    Files.delete(images.resolve("part6.jpeg"));
    IngestReport fourth = run(config(Optional.of("^(part|[a-z-]+)"), 8));
    assertThat(fourth.changed()).as("read again under other settings").isEqualTo(8);
    assertThat(fourth.added()).as("part6.png is a sample again").isEqualTo(1);
    assertThat(fourth.quarantined()).isEqualTo(3);
    assertThat(fourth.known() + fourth.gone() + fourth.straddling()).isZero();
    assertThat(samples().select(Samples.GROUP_ID).distinct().count())
        .as("part, twin, broken, unlabelled")
        .isEqualTo(4);
  }

  @Test
  void aWorkspaceIsOneDataSets() throws IOException {
    picture("a", 8, 6, 1, 1);
    run(config());
    DatasetConfig ours = config();
    DatasetConfig other = named("another", ours.classes());
    assertThatThrownBy(() -> run(other))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "The workspace %s holds the data set test, not another. Give another a --root of its own."
                .formatted(root));
    assertThatThrownBy(() -> IngestedDataset.require(spark, root, other))
        .hasMessageContaining("holds the data set test, not another");
    DatasetConfig renamed = named("test", List.of("crack", "dent"));
    assertThatThrownBy(() -> IngestedDataset.require(spark, root, renamed))
        .hasMessageContaining("with the classes [scratch, dent]; test now has [crack, dent].");
    assertThat(run(renamed).known()).as("names alone change no row").isEqualTo(1);
    IngestedDataset.require(spark, root, renamed);
    assertThatThrownBy(() -> IngestedDataset.require(spark, root + "/none", ours))
        .hasMessage(
            "No workspace in %s/none: no such folder, or no permission to see it. Is --root right? Otherwise run the ingest job first."
                .formatted(root));
    Path bare = Files.createDirectory(folder.resolve("bare"));
    assertThatThrownBy(() -> IngestedDataset.require(spark, bare.toString(), ours))
        .hasMessage("No samples in " + bare + ". Run the ingest job first.");
  }

  private DatasetConfig named(String name, List<String> classes) {
    DatasetConfig ours = config();
    return new DatasetConfig(
        name,
        classes,
        ours.ignore(),
        ours.sources(),
        ours.groupPattern(),
        ours.splitSeed(),
        ours.input(),
        ours.prompts(),
        ours.cache());
  }

  private void rowsHoldWhatTheFilesHold() {
    Row one = sample("part1");
    assertThat(one.<String>getAs(Samples.CONTENT_SHA256))
        .isEqualTo(Sha256.ofFile(images.resolve("part1.png")).hex());
    assertThat(one.<Integer>getAs(Samples.WIDTH)).isEqualTo(8);
    assertThat(one.<Integer>getAs(Samples.HEIGHT)).isEqualTo(6);
    assertThat(ImageCodec.decodeMask(one.getAs(Samples.MASK)).at(3, 3)).isEqualTo(1);
    Row twin = sample("twin");
    assertThat(twin.<String>getAs(Samples.CONTENT_SHA256))
        .isEqualTo(one.getAs(Samples.CONTENT_SHA256));
    assertThat(twin.<String>getAs(Samples.SAMPLE_ID)).isNotEqualTo(one.getAs(Samples.SAMPLE_ID));
    assertThat(twin.<String>getAs(Samples.SPLIT))
        .as("equal content is one group, on one side")
        .isEqualTo(one.getAs(Samples.SPLIT));
    assertThat(one.<String>getAs(Samples.MASK_SHA256))
        .isEqualTo(Sha256.of(one.<byte[]>getAs(Samples.MASK)).hex());
    assertThat(sample("unlabelled").<byte[]>getAs(Samples.MASK)).isNull();
    assertThat(sample("unlabelled").<String>getAs(Samples.MASK_SHA256)).isNull();
  }

  private IngestReport run(DatasetConfig config) {
    return Ingest.run(spark, config, root);
  }

  private DatasetConfig config() {
    return config(Optional.empty(), 7);
  }

  private DatasetConfig config(Optional<String> pattern, long seed) {
    return new DatasetConfig(
        "test",
        List.of("scratch", "dent"),
        ClassMask.IGNORE,
        List.of(
            new DatasetConfig.Source(
                images.toString(), Optional.of(masks.toString()), SplitRule.HASH, Subset.ALL)),
        pattern.map(Pattern::compile),
        seed,
        new DatasetConfig.Input(32, 32),
        PromptSettings.DEFAULT,
        DatasetConfig.Cache.DEFAULT);
  }

  private void picture(String name, int width, int height, int shade, int label)
      throws IOException {
    Files.write(images.resolve(name + ".png"), png(width, height, shade));
    Files.write(masks.resolve(name + ".png"), mask(width, height, label));
  }

  private static byte[] png(int width, int height, int shade) {
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) shade);
    return ImageCodec.encodePng(new RgbImage(width, height, rgb));
  }

  private static byte[] mask(int width, int height, int label) {
    byte[] classes = new byte[width * height];
    Arrays.fill(classes, width, classes.length, (byte) label);
    return ImageCodec.encodePng(new ClassMask(width, height, classes));
  }

  /** File systems may keep whole seconds, and the bytes' count may be as before. */
  private static void later(Path file) throws IOException {
    Files.setLastModifiedTime(
        file, FileTime.fromMillis(Files.getLastModifiedTime(file).toMillis() + 5000));
  }

  private Dataset<Row> samples() {
    return spark.read().format("delta").load(Samples.table(root));
  }

  private Row sample(String name) {
    return samples().filter("image_uri like '%/" + name + ".png'").first();
  }

  private List<String> details() {
    return spark
        .read()
        .format("delta")
        .load(Samples.quarantineTable(root))
        .select(Samples.DETAIL)
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  /** Of samples and quarantine. */
  private List<Long> versions() {
    return Stream.of(Samples.table(root), Samples.quarantineTable(root))
        .map(path -> DeltaLog.forTable(spark, path).unsafeVolatileSnapshot().version())
        .toList();
  }
}
