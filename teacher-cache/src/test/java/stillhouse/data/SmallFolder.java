package stillhouse.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A folder of small labelled images, and the workspace that they are ingested into. */
record SmallFolder(Path images, Path masks, String root) {
  static SmallFolder in(Path folder) throws IOException {
    return new SmallFolder(
        Files.createDirectories(folder.resolve("images")),
        Files.createDirectories(folder.resolve("masks")),
        folder.resolve("house").toString());
  }

  DatasetConfig config() {
    return config(images.toString());
  }

  DatasetConfig config(String images) {
    return new DatasetConfig(
        "test",
        List.of("scratch", "dent"),
        ClassMask.IGNORE,
        List.of(
            new DatasetConfig.Source(
                images, Optional.of(masks.toString()), SplitRule.HASH, Subset.ALL)),
        Optional.empty(),
        7,
        new DatasetConfig.Input(32, 32),
        PromptSettings.DEFAULT,
        DatasetConfig.Cache.DEFAULT);
  }

  /** Images of 8×6 with masks, one shade all over. */
  void pictures(int shade, String... names) {
    try {
      for (String name : names) {
        byte[] rgb = new byte[3 * 8 * 6];
        Arrays.fill(rgb, (byte) (shade + name.hashCode()));
        Files.write(image(name), ImageCodec.encodePng(new RgbImage(8, 6, rgb)));
        byte[] classes = new byte[8 * 6];
        classes[0] = 1;
        Files.write(
            masks.resolve(name + ".png"), ImageCodec.encodePng(new ClassMask(8, 6, classes)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path image(String name) {
    return images.resolve(name + ".png");
  }

  Dataset<Row> samples(SparkSession spark) {
    return spark.read().format("delta").load(Samples.table(root));
  }

  /** Names of images, one a row of samples, in order. */
  List<String> sampled(SparkSession spark) {
    return samples(spark).select(Samples.IMAGE_URI).collectAsList().stream()
        .map(row -> row.getString(0).replaceAll(".*/|\\.png", ""))
        .sorted()
        .toList();
  }

  /** Mask digests by URI. */
  static Map<String, Optional<String>> digests(Dataset<Row> samples) {
    return samples.select(Samples.IMAGE_URI, Samples.MASK_SHA256).collectAsList().stream()
        .collect(
            Collectors.toMap(
                row -> row.getString(0), row -> Optional.ofNullable(row.getString(1))));
  }

  /** Names of the Parquet files of samples. */
  List<String> files(SparkSession spark) {
    return Stream.of(samples(spark).inputFiles()).sorted().toList();
  }
}
