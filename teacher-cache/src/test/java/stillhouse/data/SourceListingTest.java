package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;

class SourceListingTest {
  @TempDir Path folder;
  private Path images;
  private Path masks;

  @BeforeEach
  void layFolders() throws IOException {
    images = Files.createDirectories(folder.resolve("images"));
    masks = Files.createDirectories(folder.resolve("masks"));
  }

  @Test
  void pairsMasksByBaseNameAndPassesOverOtherFiles() throws IOException {
    touch(images, "b.PNG", "a.jpg", "c.jpeg", "readme.txt", ".hidden.png");
    touch(masks, "a.png", "c.png", "z.png");
    List<Row> rows = rows(true, Optional.empty(), Subset.ALL);
    assertThat(rows)
        .extracting(r -> name(r.getAs(Samples.IMAGE_URI)))
        .containsExactly("a.jpg", "b.PNG", "c.jpeg");
    assertThat(rows)
        .extracting(r -> name(r.getAs(SourceListing.MASK_URI)))
        .containsExactly("a.png", null, "c.png");
  }

  @Test
  void countsWhatItPassesOver() throws IOException {
    touch(images, "a.png", "_b.png", ".hidden.png", "notes.txt", "x.gif", "y.gif");
    Files.createDirectory(images.resolve("more"));
    Dataset<Row> listed = listing(false, Optional.empty(), Subset.limit(1)).rows(spark());
    List<Row> passed =
        listed
            .where(FolderListing.PASSED + " is not null")
            .orderBy(FolderListing.PASSED)
            .collectAsList();
    assertThat(passed)
        .extracting(
            r -> r.<String>getAs(FolderListing.PASSED),
            r -> r.<Long>getAs(FolderListing.PASSED_COUNT))
        .containsExactly(tuple("ENDING", 3L), tuple("FOLDER", 1L), tuple("HIDDEN", 1L));
    assertThat(name(passed.get(1).getAs(Samples.IMAGE_URI))).isEqualTo("more");
    assertThat(SourceListing.taken(listed).count()).as("the limit").isEqualTo(1);
  }

  @Test
  void imagesOfOneBaseNameAreToldFromOthers() throws IOException {
    touch(images, "a.jpg", "a.png", "b.png", "c.png");
    touch(masks, "a.png", "b.png", "c.png", "c.PNG");
    List<Row> rows = rows(true, Optional.empty(), Subset.ALL);
    assertThat(rows)
        .extracting(r -> r.<String>getAs(SourceListing.NAMESAKES))
        .containsExactly(
            "2 images and 1 masks", "2 images and 1 masks", null, "1 images and 2 masks");
    assertThat(rows.get(0).<String>getAs(Samples.SETTINGS))
        .isNotEqualTo(rows.get(2).getAs(Samples.SETTINGS));
    assertThat(rows(false, Optional.empty(), Subset.ALL))
        .as("without masks nothing is shared")
        .extracting(r -> r.<String>getAs(SourceListing.NAMESAKES))
        .containsOnlyNulls();
  }

  @Test
  void aLargerLimitContainsTheSmaller() throws IOException {
    for (int i = 0; i < 20; i++) {
      touch(images, "part" + i + ".png");
    }
    List<Row> four = rows(false, Optional.empty(), Subset.limit(4));
    List<Row> seven = rows(false, Optional.empty(), Subset.limit(7));
    assertThat(four).hasSize(4).isSubsetOf(seven);
    assertThat(seven).hasSize(7);
    assertThat(four)
        .extracting(r -> name(r.getAs(Samples.IMAGE_URI)))
        .isNotEqualTo(List.of("part0.png", "part1.png", "part10.png", "part11.png"));
  }

  @Test
  void aShareTakesAboutThatManyAndALargerOneContainsIt() throws IOException {
    for (int i = 0; i < 200; i++) {
      touch(images, "part" + i + ".png");
    }
    List<Row> tenth = rows(false, Optional.empty(), new Subset(0.1, Integer.MAX_VALUE));
    List<Row> half = rows(false, Optional.empty(), new Subset(0.5, Integer.MAX_VALUE));
    // Four deviations of a binomial of 200: 17 and 28.
    assertThat(tenth).hasSizeBetween(3, 37).isSubsetOf(half);
    assertThat(half).hasSizeBetween(72, 128);
    assertThat(rows(false, Optional.empty(), new Subset(0.5, 5))).hasSize(5).isSubsetOf(half);
    assertThat(rows(false, Optional.empty(), Subset.limit(5)))
        .as("both go by the same hash")
        .isEqualTo(rows(false, Optional.empty(), new Subset(0.5, 5)));
  }

  @Test
  void labelsOfImagesThatAShareLeavesOutAreNoOrphans() throws IOException {
    for (int i = 0; i < 40; i++) {
      touch(images, "part" + i + ".png");
      touch(masks, "part" + i + ".png");
    }
    var listed = listing(true, Optional.empty(), new Subset(0.3, Integer.MAX_VALUE)).rows(spark());
    assertThat(listed.where(FolderListing.PASSED + " is not null").count()).isZero();
    List<Row> taken = SourceListing.taken(listed).collectAsList();
    assertThat(taken).hasSizeBetween(1, 39);
    assertThat(taken)
        .allSatisfy(
            r ->
                assertThat(name(r.getAs(SourceListing.MASK_URI)))
                    .isEqualTo(name(r.getAs(Samples.IMAGE_URI))));
  }

  @Test
  void aShareThatTakesNothingIsNamed() throws IOException {
    touch(images, "a.png");
    assertThatThrownBy(() -> rows(false, Optional.empty(), new Subset(1e-9, Integer.MAX_VALUE)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no images")
        .hasMessageEndingWith(", or none that its share of 1.0E-9 takes: raise it");
  }

  @Test
  void groupsAreTheirPatternsFirstGroup() throws IOException {
    touch(images, "f1_a.png", "f1_b.png", "f2_a.png");
    assertThat(rows(false, Optional.of("^(f\\d+)_"), Subset.ALL))
        .extracting(r -> r.<String>getAs(SourceListing.GROUP))
        .containsExactly("f1", "f1", "f2");
    assertThatThrownBy(() -> rows(false, Optional.of("^(g\\d+)_"), Subset.ALL))
        .isInstanceOf(ConfigException.class)
        .hasMessage("Invalid groupPattern: '^(g\\d+)_' finds no group in the file name f1_a.png");
  }

  @Test
  void namesTheFolderThatHasNoImages() {
    assertThatThrownBy(() -> rows(true, Optional.empty(), Subset.ALL))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot ingest test: no images (.jpg, .jpeg, .png, .tif, .tiff, .bmp) in " + images);
  }

  @Test
  void namesTheFolderThatDoesNotExist() throws IOException {
    Files.delete(images);
    assertThatThrownBy(() -> rows(true, Optional.empty(), Subset.ALL))
        .isInstanceOf(ConfigException.class)
        .hasMessage("Cannot ingest test: image folder " + images + " does not exist");
  }

  @Test
  void refusesMasksThatMatchNoImage() throws IOException {
    touch(images, "a.png");
    touch(masks, "a_mask.png");
    assertThatThrownBy(() -> rows(true, Optional.empty(), Subset.ALL))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot ingest test: no mask in "
                + masks
                + " is named like an image in "
                + images
                + " (such as a.png)");
  }

  private List<Row> rows(boolean labelled, Optional<String> pattern, Subset subset) {
    SourceListing listing = listing(labelled, pattern, subset);
    Dataset<Row> listed = listing.rows(spark());
    assertThat(listed.queryExecution().optimizedPlan().toString())
        .as("no list from the driver")
        .doesNotContain("LocalRelation");
    List<Row> sorted =
        SourceListing.taken(listed).orderBy(Samples.IMAGE_URI, "mask_uri").collectAsList();
    assertThat(listing.images(listed)).isEqualTo(sorted.size());
    return sorted;
  }

  private static SparkSession spark() {
    return Sessions.local();
  }

  private SourceListing listing(boolean labelled, Optional<String> pattern, Subset subset) {
    Optional<String> maskFolder = labelled ? Optional.of(masks.toString()) : Optional.empty();
    var source = new DatasetConfig.Source(images.toString(), maskFolder, SplitRule.HASH, subset);
    var config =
        new DatasetConfig(
            "test",
            List.of("scratch"),
            ClassMask.IGNORE,
            List.of(source),
            pattern.map(Pattern::compile),
            0,
            new DatasetConfig.Input(32, 32),
            PromptSettings.DEFAULT,
            DatasetConfig.Cache.DEFAULT);
    return new SourceListing(config, new Configuration());
  }

  private static String name(String uri) {
    return uri == null ? null : uri.substring(uri.lastIndexOf('/') + 1);
  }

  private static void touch(Path folder, String... names) throws IOException {
    for (String name : names) {
      Files.writeString(folder.resolve(name), "bytes that listing never reads");
    }
  }
}
