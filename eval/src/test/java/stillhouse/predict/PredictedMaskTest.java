package stillhouse.predict;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.data.ClassMask;
import stillhouse.data.CocoResults;

class PredictedMaskTest {
  private static final int WIDTH = 20;
  private static final int HEIGHT = 64;
  private static final StructType PART =
      new StructType()
          .add("ordinal", DataTypes.LongType)
          .add("category", DataTypes.IntegerType)
          .add("score", DataTypes.DoubleType)
          .add("text", DataTypes.StringType);
  private static final StructType PREDICTION =
      new StructType()
          .add(PredictionSet.NAME, DataTypes.StringType)
          .add(PredictionSet.URI, DataTypes.StringType)
          .add(PredictionSet.ARRAY, DataTypes.BinaryType)
          .add(PredictionSet.PARTS, new ArrayType(PART, true));

  @TempDir Path folder;

  /** Of a 20×64 image with two classes. */
  private static ClassMask read(String uri, byte[] array, Row... parts) {
    Row prediction = with(PREDICTION, "it", uri, array, parts.length == 0 ? null : parts(parts));
    StructType outer =
        new StructType().add(PredictionSet.COLUMN, PREDICTION).add(PredictionSet.FRAME, "string");
    Row row = with(outer, prediction, null);
    return new PredictedMask(2, new Configuration()).open().mask(row, WIDTH, HEIGHT);
  }

  private static Object parts(Row... parts) {
    return scala.collection.JavaConverters.asScalaBuffer(List.of(parts)).toSeq();
  }

  private static Row with(StructType schema, Object... values) {
    return new GenericRowWithSchema(values, schema);
  }

  private ClassMask file(String name, byte[] bytes) throws IOException {
    return read(Files.write(folder.resolve(name), bytes).toString(), null);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1|{\"size\": [64, 20], \"counts\": [3, 4]}|result 7: run lengths of a 20×64 mask: counts"
            + " add up to 7",
        "1|{\"size\": [20, 64], \"counts\": [1280]}|run lengths are of a mask of 64×20, the image"
            + " is 20×64",
        "1|{\"size\": [64, 20], \"counts\": \"~~\"}|character '~'",
        "1|{\"size\": [64, 20]}|run lengths without size or counts",
        "1|7|segmentation is neither polygons nor run lengths",
        "3|{\"size\": [64, 20], \"counts\": [1280]}|category_id 3 is no class (must be 1 to 2",
      })
  void aResultThatDoesNotFitIsRefusedByItsNumber(int category, String rle, String message) {
    Row part = with(PART, 7L, category, 1.0, rle);
    assertThatThrownBy(() -> read(null, null, part))
        .hasMessageContaining("prediction it: result 7: ")
        .hasMessageContaining(message);
  }

  @Test
  void theBetterResultStandsAboveTheWorse() {
    String all = "{\"size\": [64, 20], \"counts\": [0, 1280]}";
    String column = "{\"size\": [64, 20], \"counts\": [0, 64, 1216]}";
    ClassMask mask = read(null, null, with(PART, 0L, 1, 0.9, column), with(PART, 1L, 2, 0.8, all));
    assertThat(mask.at(0, 5)).isEqualTo(1);
    assertThat(mask.at(1, 5)).isEqualTo(2);
  }

  @Test
  void aPngThatDoesNotFitIsRefusedByName() throws IOException {
    assertThatThrownBy(() -> file("a.png", Drawn.png(new ClassMask(3, 2, new byte[6]))))
        .hasMessageContaining("prediction it: it is 3×2, the image 20×64; write masks at");
    byte[] labels = new byte[WIDTH * HEIGHT];
    labels[21] = (byte) ClassMask.IGNORE;
    assertThatThrownBy(() -> file("a.png", Drawn.png(new ClassMask(WIDTH, HEIGHT, labels))))
        .hasMessageContaining(
            "value 255 at x=1 y=1 is no class (must be 0 to 2: a prediction leaves no pixel out)");
    assertThatThrownBy(() -> file("a.png", new byte[] {1, 2, 3}))
        .hasMessageContaining("prediction it: ");
  }

  private static byte[] npy(String header, byte[] data) {
    byte[] text = header.getBytes(ISO_8859_1);
    return ByteBuffer.allocate(10 + text.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
        .putShort((short) text.length)
        .put(text)
        .put(data)
        .array();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'descr': '¦u1', 'fortran_order': True, 'shape': (2, 3), }|6|fortran_order (write"
            + " numpy.ascontiguousarray(array))",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }|24|type >f4 (must be bool, an"
            + " integer, float32 or float64",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }|24|floats of shape [2, 3]"
            + " (logits must be [2, h, w]",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 1), }|12|floats of shape [3, 1,"
            + " 1] (logits must be [2, h, w]",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (6,), }|24|integers of shape [6] (must"
            + " be [height, width])",
        "{'descr': '¦u1', 'fortran_order': False, 'shape': (64, 20), }|7|7 bytes of data, shape"
            + " [64, 20] needs 1280",
        "{'descr': '¦u1', 'fortran_order': False, 'shape': (99999999999, 20), }|7|shape"
            + " (99999999999, 20)",
        "{'descr': '¦u1', 'fortran_order': False, 'shape': (2, 3), }|6|it is 3×2, the image 20×64",
        "[3]|6|header [3]",
      })
  void anArrayThatDoesNotFitIsRefused(String header, int bytes, String message) {
    assertThatThrownBy(() -> read(null, npy(header.replace('¦', '|'), new byte[bytes])))
        .hasMessageContaining("prediction it: ")
        .hasMessageContaining(message);
  }

  @Test
  void aNegativeClassANanAndACutHeaderAreRefused() {
    String bytes = "{'descr': '|i1', 'fortran_order': False, 'shape': (64, 20), }";
    byte[] labels = new byte[WIDTH * HEIGHT];
    labels[40] = -1;
    assertThatThrownBy(() -> read(null, npy(bytes, labels)))
        .hasMessageContaining("value -1 at x=0 y=2 is no class");
    String floats = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 1), }";
    byte[] nan = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(Float.NaN).array();
    assertThatThrownBy(() -> read(null, npy(floats, nan))).hasMessageContaining("holds NaN at 0");
    assertThatThrownBy(() -> read(null, new byte[] {1, 2}))
        .hasMessageContaining("the file ends within its header");
  }

  @Test
  void aZipOfSeveralArraysIsNoSingleImages() throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("a.npy"));
      zip.putNextEntry(new ZipEntry("b.npy"));
    }
    assertThatThrownBy(() -> file("a.npz", bytes.toByteArray()))
        .hasMessageContaining("it holds several arrays");
    assertThatThrownBy(() -> file("a.npz", new byte[] {1}))
        .hasMessageContaining("it holds no array");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|the file is no array",
        "[3]|result 0 is no object",
        "[{\"image_id\": 1, \"category_id\": 1}]|result 0 lacks image_id, category_id or"
            + " segmentation",
        "[{\"image_id\": 1, \"category_id\": \"a\", \"segmentation\": []}]|category_id is no"
            + " number",
        "[{\"image_id\": 1|no JSON",
      })
  void aFileThatIsNoResultsIsRefused(String text, String message) throws IOException {
    Path file = Files.writeString(folder.resolve("r.json"), text);
    var results = new CocoResults(new Configuration()).call(file.toString());
    assertThatThrownBy(() -> results.forEachRemaining(row -> {}))
        .hasMessageContaining("Cannot read results " + file)
        .hasMessageContaining(message);
    assertThat(open()).as("files that are left open").doesNotContain(file.toRealPath());
  }

  /** What this process has open, as Linux lists it. */
  private static List<Path> open() throws IOException {
    List<Path> open = new ArrayList<>();
    try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path each : (Iterable<Path>) descriptors::iterator) {
        if (Files.isSymbolicLink(each)) {
          open.add(Files.readSymbolicLink(each));
        }
      }
    }
    return open;
  }

  @Test
  void namesMeetWithoutEndingsAndLeadingZeros() {
    assertThat(PredictionSet.keyOf("hdfs://x/y/000042.JPG")).isEqualTo("42");
    assertThat(PredictionSet.keyOf("42")).isEqualTo("42");
    assertThat(PredictionSet.keyOf("000.png")).isEqualTo("0");
    assertThat(PredictionSet.keyOf("part.v1_007.npy")).isEqualTo("part.v1_007");
  }
}
