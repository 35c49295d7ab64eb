package stillhouse.cache;

import static org.apache.spark.sql.functions.lit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.UnreadableImageException;
import stillhouse.identity.Sha256;

/** A root with a samples table over raw 6×4 RGB files drawn from seeds. */
final class Workspace {
  static final int WIDTH = 6;
  static final int HEIGHT = 4;

  private static final StructType SAMPLES =
      new StructType()
          .add("sample_id", DataTypes.StringType)
          .add("image_uri", DataTypes.StringType)
          .add("content_sha256", DataTypes.StringType)
          .add("width", DataTypes.IntegerType)
          .add("height", DataTypes.IntegerType)
          .add("mask", DataTypes.BinaryType)
          .add("split", DataTypes.StringType)
          .add("weight", DataTypes.FloatType)
          .add("classes_present", DataTypes.createArrayType(DataTypes.IntegerType));

  private final SparkSession spark;
  private final Path root;
  private final List<Row> rows = new ArrayList<>();

  Workspace(SparkSession spark, Path root) {
    this.spark = spark;
    this.root = root;
  }

  String root() {
    return root.toString();
  }

  /** Of a negative seed the first pixel is white where it is odd, black where it is even. */
  static RgbImage image(long seed) {
    byte[] rgb = new byte[3 * WIDTH * HEIGHT];
    new Random(seed).nextBytes(rgb);
    if (seed < 0) {
      Arrays.fill(rgb, 0, 3, (byte) -(seed & 1));
    }
    return new RgbImage(WIDTH, HEIGHT, rgb);
  }

  /** Of the content of {@link #image}. */
  static String sha(long seed) {
    return Sha256.of(image(seed).rgb()).hex();
  }

  /** Adds a sample whose file has the pixels of a seed; {@code mask} may be null. */
  Workspace add(String name, long seed, byte[] mask) {
    return add(name, seed, mask, "train");
  }

  Workspace add(String name, long seed, byte[] mask, String split) {
    byte[] content = image(seed).rgb();
    try {
      Files.createDirectories(root);
      Files.write(root.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String sha = Sha256.of(content).hex();
    rows.add(
        RowFactory.create(
            name, root.resolve(name).toString(), sha, WIDTH, HEIGHT, mask, split, 1f, shown(mask)));
    return this;
  }

  private static Integer[] shown(byte[] mask) {
    if (mask == null) {
      return new Integer[0];
    }
    ClassMask labels;
    try {
      labels = ImageCodec.decodeMask(mask);
    } catch (UnreadableImageException e) { // ingest would not take it
      return new Integer[0];
    }
    byte[] classes = labels.classes(); // of a mask that need not fit its image
    return IntStream.range(0, classes.length)
        .map(i -> classes[i] & 0xff)
        .filter(k -> k > 0)
        .distinct()
        .sorted()
        .boxed()
        .toArray(Integer[]::new);
  }

  Workspace damage(String name) throws IOException {
    Files.writeString(root.resolve(name), "not these pixels");
    return this;
  }

  Workspace write() {
    spark
        .createDataFrame(rows, SAMPLES)
        .write()
        .format("delta")
        .mode("overwrite")
        .save(root + "/tables/samples");
    return this;
  }

  /** Says of the samples that their images have this size. */
  void sized(int width, int height) {
    spark
        .createDataFrame(rows, SAMPLES)
        .withColumn("width", lit(width))
        .withColumn("height", lit(height))
        .write()
        .format("delta")
        .mode("overwrite")
        .save(root + "/tables/samples");
  }

  CacheTables tables() {
    return CacheTables.of(root());
  }

  static RgbImage read(String uri, String sha256) {
    try {
      byte[] content = Files.readAllBytes(Path.of(uri));
      if (!Sha256.of(content).hex().equals(sha256)) {
        throw new IllegalStateException("Cannot read " + uri + ": its bytes have changed");
      }
      return new RgbImage(WIDTH, HEIGHT, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  CacheRefresh refresh(Progress progress) {
    return new CacheRefresh(TeacherAccess.perTask(), Workspace::read, progress);
  }
}
