package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;

/** Ingest of TIFF, BMP and pictures that are turned. */
class IngestPicturesTest {
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void openSpark() {
    spark = Sessions.local();
  }

  @Test
  void takesWhatADecoderCanReadAndTriesAgainWhatAnOlderVersionCouldNot() throws IOException {
    Files.createDirectories(folder.resolve("images"));
    Files.createDirectories(folder.resolve("masks"));
    picture("lzw.tif", 36, 22);
    picture("rgb.bmp", 36, 22);
    picture("cmyk.jpg", 36, 22);
    picture("turned-6.jpg", 36, 22); // as it is stored: upright it is 22×36
    picture("turned-3.jpg", 36, 22);
    picture("huge.tif", 8, 8);
    IngestReport first = Ingest.run(spark, config(Optional.empty()), root());
    assertThat(first.added()).isEqualTo(4);
    assertThat(first.reasons()).isEqualTo(Map.of("mask-orientation", 1L, "too-large", 1L));

    Row turned = sample("turned-6");
    assertThat(turned.<Integer>getAs(Samples.WIDTH)).isEqualTo(22);
    ClassMask mask = ImageCodec.decodeMask(turned.getAs(Samples.MASK));
    assertThat(mask.height()).isEqualTo(36);
    assertThat(mask.at(21, 0)).as("the stored top left comes to the top right").isEqualTo(1);
    assertThat(mask.at(0, 0)).isZero();

    DeltaTable.forPath(spark, Samples.quarantineTable(root()))
        .updateExpr("reason = 'mask-orientation'", Map.of(Samples.REASON, "'orientation'"));
    IngestReport second = Ingest.run(spark, config(Optional.empty()), root());
    assertThat(second.known()).isEqualTo(4);
    assertThat(second.reasons()).isEqualTo(Map.of("mask-orientation", 1L, "too-large", 1L));

    IngestReport third = Ingest.run(spark, config(Optional.of(MaskOrientation.STORED)), root());
    assertThat(third.changed()).isEqualTo(4);
    assertThat(third.added()).isEqualTo(1);
    ClassMask half = ImageCodec.decodeMask(sample("turned-3").getAs(Samples.MASK));
    assertThat(half.at(35, 21)).isEqualTo(1);
  }

  private String root() {
    return folder.resolve("house").toString();
  }

  private Row sample(String name) {
    return spark
        .read()
        .format("delta")
        .load(Samples.table(root()))
        .filter("image_uri like '%/" + name + ".%'")
        .first();
  }

  private DatasetConfig config(Optional<MaskOrientation> orientation) {
    return new DatasetConfig(
        "test",
        List.of("scratch"),
        ClassMask.IGNORE,
        List.of(
            new DatasetConfig.Source(
                folder.resolve("images").toString(),
                Optional.of(folder.resolve("masks").toString()),
                SplitRule.HASH,
                Subset.ALL,
                Layout.DEFAULT,
                orientation)),
        Optional.empty(),
        7,
        new DatasetConfig.Input(32, 32),
        PromptSettings.DEFAULT,
        DatasetConfig.Cache.DEFAULT);
  }

  /** A reference file, and a mask with one scratched pixel in its top left corner. */
  private void picture(String file, int width, int height) throws IOException {
    try (InputStream in = getClass().getResourceAsStream("/reference/pictures/" + file)) {
      Files.write(folder.resolve("images").resolve(file), in.readAllBytes());
    }
    byte[] classes = new byte[width * height];
    classes[0] = 1;
    String base = file.substring(0, file.lastIndexOf('.'));
    Files.write(
        folder.resolve("masks").resolve(base + ".png"),
        ImageCodec.encodePng(new ClassMask(width, height, classes)));
  }
}
