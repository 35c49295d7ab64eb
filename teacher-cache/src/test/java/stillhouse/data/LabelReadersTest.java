package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Labels of one image, by each layout's reader, without a session. */
class LabelReadersTest {
  private static final StructType LISTED =
      new StructType()
          .add(SourceListing.MASK_URI, DataTypes.StringType)
          .add(Samples.MASK_LENGTH, DataTypes.LongType)
          .add(LabelParts.COLUMN, LabelParts.TYPE);

  private static final String SQUARE = "[[1,1],[3,1],[3,3],[1,3]]";

  @TempDir Path folder;

  @Test
  void labelmeShapesArePaintedInTheirOrder() throws IOException {
    String shapes =
        shape("scratch", "polygon", SQUARE)
            + ","
            + shape("dent", "rectangle", "[[4,3],[2,0]]")
            + ","
            + shape("dirt", "circle", "[[0.5,3.5],[0.5,3.9]]");
    assertThat(labelme(Layout.Overlap.LAST, shapes).mask().classes())
        .containsExactly(
            0, 0, 2, 2, //
            0, 1, 2, 2, //
            0, 1, 2, 2, //
            255, 0, 0, 0);
    assertThat(labelme(Layout.Overlap.IGNORE, shapes).mask().classes())
        .containsExactly(
            0, 0, 2, 2, //
            0, 1, 255, 2, //
            0, 1, 255, 2, //
            255, 0, 0, 0);
    refused(() -> labelme(Layout.Overlap.REFUSE, shapes), "mask-overlap")
        .hasMessageContaining("pixel (2, 1) is of class 1 and of class 2; set overlap: last");
  }

  @Test
  void shapesWithoutAnAreaAreCountedOrRefused() throws IOException {
    String shapes =
        shape("dent", "line", "[[0,0],[3,3]]") + "," + shape("dent", "point", "[[1,1]]");
    assertThat(labelme(Layout.Overlap.LAST, shapes).skipped()).isEqualTo(2);
    var strict =
        new Labelme(table(Layout.Others.REFUSE), Layout.Overlap.LAST, Layout.OtherShapes.REFUSE);
    refused(() -> read(new LabelmeReader(strict), document(shapes)), "mask-shape")
        .hasMessageContaining("'dent' of type line has no area (polygon, rectangle, circle have)");
  }

  @Test
  void aLabelThatIsNoClassIsWhatOthersSays() throws IOException {
    String shapes = shape("rust", "polygon", SQUARE);
    refused(() -> labelme(Layout.Overlap.LAST, shapes), "mask-values")
        .hasMessageContaining("'rust' is no class; name it in the source's labels:");
    for (Layout.Others others : List.of(Layout.Others.IGNORE, Layout.Others.BACKGROUND)) {
      var layout = new Labelme(table(others), Layout.Overlap.LAST, Layout.OtherShapes.SKIP);
      assertThat(read(new LabelmeReader(layout), document(shapes)).mask().at(1, 1))
          .isEqualTo(others == Layout.Others.IGNORE ? 255 : 0);
    }
  }

  @Test
  void aPictureInsideTheFileIsPassedOver() throws IOException {
    String picture = "A".repeat(1 << 20);
    String document =
        "{\"imageData\":\"" + picture + "\",\"shapes\":[" + shape("dent", "polygon", SQUARE) + "]}";
    assertThat(read(reader(), document).mask().at(2, 2)).isEqualTo(2);
  }

  @Test
  void hostileFilesEndInASentence() {
    json("", "mask-empty", "0 bytes");
    json(
        "{\"shapes\":[{\"label\":\"dent\",\"points\":[[1,1],[3",
        "mask-json",
        "no JSON: Unexpected end");
    json("[1]", "mask-json", "the file is no object");
    json("{}", "mask-json", "no shapes, so no file of labelme's");
    json("{\"shapes\":[]} {}", "mask-json", "there is more after the object's end");
    json("{\"shapes\":[],\"shapes\":[]}", "mask-json", "Duplicate field 'shapes'");
    json("{\"a\":" + "[".repeat(100_000), "mask-json", "maximum allowed nesting depth (64)");
    json(
        "{\"imageWidth\":" + "9".repeat(5000) + "}",
        "mask-json",
        "exceeds the maximum length (100)");
    json("{\"shapes\":[],\"imageWidth\":9e9}", "mask-json", "imageWidth is 9.0E9");
    json("{\"shapes\":[],\"imageWidth\":5}", "mask-size", "of an image of 5×0, theirs is 4×4");
    json(document(shape("dent", "polygon", "[[0,0],[1,1]]")), "mask-shape", "has 2 points");
    json(document(shape("dent", "polygon", "[[0,0,0]]")), "mask-json", "a point has 3 numbers");
    json(document(shape("dent", "polygon", "[[0,1e300]]")), "mask-shape", "is 1.0E300 (must be");
    json(document(shape("dent", "polygon", "[[0,1e999]]")), "mask-shape", "is Infinity (must be");
    json(document(shape("dent", "circle", "[[0,1],[2,3],[4,5]]")), "mask-shape", "must be 2");
    json(document("{\"points\":[]}"), "mask-json", "a shape has no label");
    json(
        document(shape("dent", "polygon", "[" + "[1,2],".repeat(1_100_000) + "[1,2]]")),
        "mask-shape",
        "more than 1048576 points; thin them out");
    json(document("7"), "mask-json", "a shape is no object (line 1, column");
  }

  @Test
  void classFilesLieOverEachOther() throws IOException {
    byte[] scratch = {0, 0, (byte) 255, (byte) 255};
    byte[] dent = {0, 1, 1, 0};
    assertThat(classFiles(255, Layout.Overlap.LAST, scratch, dent)).containsExactly(0, 2, 2, 1);
    assertThat(classFiles(255, Layout.Overlap.IGNORE, scratch, dent)).containsExactly(0, 2, 255, 1);
    refused(() -> classFiles(255, Layout.Overlap.REFUSE, scratch, dent), "mask-overlap");
    byte[] withIgnore = {9, 1, 1, 0};
    assertThat(classFiles(9, Layout.Overlap.LAST, scratch, withIgnore))
        .containsExactly(255, 2, 2, 1);
    refused(() -> classFiles(255, Layout.Overlap.LAST, scratch, withIgnore), "mask-values")
        .hasMessageContaining("1.png: values 9 and 1 beside 0 (a class file has one)");
    refused(() -> classFiles(255, Layout.Overlap.LAST, new byte[] {1, 0}), "mask-size")
        .hasMessageContaining("is 2×1, its image 4×1");
  }

  @Test
  void aPixelThatOneFileIgnoresIsIgnoredWhateverTheOthersSay() throws IOException {
    byte[] unsure = {9, 1, 0, 0};
    byte[] sure = {1, 0, 1, 0};
    for (Layout.Overlap overlap : Layout.Overlap.values()) {
      assertThat(classFiles(9, overlap, unsure, sure)).containsExactly(255, 1, 2, 0);
      assertThat(classFiles(9, overlap, sure, unsure)).containsExactly(255, 2, 1, 0);
    }
  }

  /** Of a picture that stands 2 wide and 3 high in its file and is shown 3 wide, 2 high. */
  @Test
  void labelsOfTheStoredPixelsAreDrawnOnThoseAndTurned() throws IOException {
    byte[] shown = {0, 2, 0, 0, 0, 0}; // stored: the middle row's left pixel
    String middle = "[[0,1,1,1,1,2,0,2]]";
    String runs = "{\"size\":[3,2],\"counts\":[1,1,4]}";
    for (String drawn : List.of(middle, runs)) {
      List<Row> parts = List.of(part(1, 2, false, drawn));
      assertThat(turned(coco(2, 3, parts), STORED)).isEqualTo(shown);
      assertThat(turned(coco(2, 3, parts), SILENT)).as("its size tells").isEqualTo(shown);
      assertThat(turned(coco(null, null, parts), STORED)).isEqualTo(shown);
    }
    List<Row> polygon = List.of(part(1, 2, false, middle));
    refused(() -> turned(coco(null, null, polygon), SILENT), "mask-orientation")
        .hasMessageContaining("the image is turned (orientation 6) and nothing in its labels tells")
        .hasMessageContaining("set orientation: upright or stored");
    refused(() -> turned(coco(2, 4, polygon), STORED), "mask-size")
        .hasMessageContaining("the annotations' file says 2×4, the image is 3×2");
    assertThat(turned(coco(null, null, List.of(part(1, 2, false, runs))), SILENT))
        .as("the run lengths' own size tells")
        .isEqualTo(shown);
    byte[] asShown = turned(coco(3, 2, polygon), STORED);
    assertThat(asShown).as("a size can't be mistaken").containsExactly(0, 0, 0, 2, 0, 0);

    String shapes = shape("dent", "polygon", "[[0,1],[1,1],[1,2],[0,2]]");
    String sized = "{\"imageWidth\":2,\"imageHeight\":3,\"shapes\":[" + shapes + "]}";
    assertThat(turned(labelme(sized), SILENT)).isEqualTo(shown);
    assertThat(turned(labelme("{\"shapes\":[" + shapes + "]}"), STORED)).isEqualTo(shown);
    refused(() -> turned(labelme("{\"shapes\":[" + shapes + "]}"), SILENT), "mask-orientation");
  }

  @Test
  void classFilesAndMasksWithoutClassesMayBeOfTheStoredPixels() throws IOException {
    Path scratch = folder.resolve("scratch.png");
    Files.write(scratch, ImageCodec.encodePng(new ClassMask(2, 3, new byte[] {0, 0, 9, 0, 0, 0})));
    Path dent = folder.resolve("dent.png");
    Files.write(dent, ImageCodec.encodePng(new ClassMask(2, 3, new byte[] {1, 0, 1, 0, 0, 0})));
    Reading classes =
        frame ->
            new ClassFileReader(9, Layout.Overlap.LAST)
                .read(listed(List.of(filePart(1, scratch), filePart(2, dent))), frame, files());
    assertThat(turned(classes, SILENT)).containsExactly(0, -1, 2, 0, 0, 0);
    Files.write(dent, ImageCodec.encodePng(new ClassMask(3, 2, new byte[6])));
    refused(() -> turned(classes, SILENT), "mask-size")
        .hasMessageContaining("dent.png is 3×2, its image 2×3");

    String document = "{\"annotations\":[{\"segmentation\":{\"size\":[3,2],\"counts\":[1,1,4]}}]}";
    Path file = Files.writeString(folder.resolve("c.json"), document);
    assertThat(turned(frame -> new Sa1bReader(9).read(listed(file), frame, files()), SILENT))
        .containsExactly(0, 1, 0, 0, 0, 0);
  }

  private static final Optional<MaskOrientation> STORED = Optional.of(MaskOrientation.STORED);
  private static final Optional<MaskOrientation> SILENT = Optional.empty();

  @FunctionalInterface
  private interface Reading {
    LabelReader.Labels of(LabelFrame frame) throws IOException;
  }

  /** Labels of a picture that is shown 3 wide and 2 high, as ingest keeps them. */
  private static byte[] turned(Reading reading, Optional<MaskOrientation> said) throws IOException {
    LabelFrame frame = new LabelFrame(new Picture(3, 2, Orientation.of(6)), said);
    return frame.turned(reading.of(frame).mask()).classes();
  }

  private static Reading coco(Integer width, Integer height, List<Row> parts) {
    Row listed =
        row(LISTED, "labels", null, row(LabelParts.TYPE, width, height, parts.toArray(Row[]::new)));
    return frame ->
        new CocoReader(Layout.Overlap.LAST, Layout.Crowd.IGNORE, Layout.OtherShapes.REFUSE)
            .read(listed, frame, files());
  }

  private Reading labelme(String document) throws IOException {
    Row listed = listed(Files.writeString(folder.resolve("a.json"), document));
    return frame -> reader().read(listed, frame, files());
  }

  @Test
  void annotationsArePaintedInTheirOrderAndCrowdsUnderThem() {
    Row crowd = part(3, 1, true, "{\"size\":[4,4],\"counts\":[0,16]}");
    Row dent = part(1, 2, false, "[[1,1,3,1,3,3,1,3]]");
    Row later = part(2, 1, false, "{\"size\":[4,4],\"counts\":\"31300000\"}"); // the last row
    List<Row> parts = List.of(dent, later, crowd);
    assertThat(coco(Layout.Crowd.IGNORE, parts).mask().classes())
        .containsExactly(
            -1, -1, -1, -1, //
            -1, 2, 2, -1, //
            -1, 2, 2, -1, //
            1, 1, 1, 1);
  }

  @Test
  void segmentationsThatAreNoneEndInASentence() {
    segmentation("[]", "mask-shape", "an annotation of 'dent' has no segmentation (a box alone)");
    segmentation("\"x\"", "mask-json", "neither polygons nor run lengths");
    segmentation("[[1,2,3,4]]", "mask-shape", "a polygon has 4 numbers (must be even, 6 or more)");
    segmentation("[[1,2,3,4,5,6,7]]", "mask-shape", "a polygon has 7 numbers");
    segmentation("[[1,2,\"3\",4,5,6]]", "mask-json", "a polygon's coordinate is no number");
    segmentation("{\"size\":[4,4]}", "mask-json", "run lengths without size or counts");
    segmentation("{\"size\":[4],\"counts\":[]}", "mask-rle", "of a mask of size [4] (must be");
    segmentation("{\"size\":[60000,60000],\"counts\":[]}", "mask-rle", "268435456 pixels at most");
    segmentation("{\"size\":[4,4],\"counts\":[3,-3,16]}", "mask-rle", "count -3 at 1");
    segmentation("{\"size\":[4,4],\"counts\":[3,1.5]}", "mask-json", "a run's length is 1.5");
    segmentation("{\"size\":[2,2],\"counts\":[4]}", "mask-size", "a mask of 2×2, the image is 4×4");
    segmentation("{\"size\":[4,4],\"counts\":[1,2]}", "mask-rle", "counts add up to 3");
  }

  @Test
  void shapesThatWouldPaintForHoursAreRefused() {
    Painter painter = new Painter(40, 40, Layout.Overlap.LAST, 100 * 40 * 40);
    Shape whole = new Polygon(new double[] {0, 0, 40, 0, 40, 40, 0, 40});
    paint(painter, whole, 45);
    refused(() -> paint(painter, whole, 90), "mask-shape")
        .hasMessageContaining("boxes cover more than 160000 pixels, one over the other");
    Painter other = new Painter(40, 40, Layout.Overlap.LAST, 100 * 40 * 40);
    Shape sliver = new CocoPolygon(new double[] {0, 0, 40, 39.9, 40, 40});
    paint(other, sliver, 80);
    refused(() -> paint(other, sliver, 20), "mask-shape");
  }

  private static void paint(Painter painter, Shape shape, int times) {
    for (int i = 0; i < times; i++) {
      painter.paint(shape, 1);
    }
  }

  @Test
  void masksOfNoClassAreUnitedOrTheLargestTaken() throws IOException {
    String document =
        "{\"image\":{\"file_name\":\"a.jpg\"},\"annotations\":["
            + "{\"id\":1,\"area\":1e9,\"segmentation\":{\"size\":[2,3],\"counts\":[0,1,5]}},"
            + "{\"id\":2,\"segmentation\":{\"size\":[2,3],\"counts\":[4,2]}}]}";
    Path file = Files.writeString(folder.resolve("a.json"), document);
    Row row = listed(file);
    assertThat(new Sa1bReader(9).read(row, LabelFrame.of(3, 2), files()).mask().classes())
        .containsExactly(1, 0, 1, 0, 0, 1);
    assertThat(new Sa1bReader(1).read(row, LabelFrame.of(3, 2), files()).mask().classes())
        .as("by their pixels, whatever the file says of their area")
        .containsExactly(0, 0, 1, 0, 0, 1);
    refused(() -> new Sa1bReader(9).read(row, LabelFrame.of(2, 3), files()), "mask-size");
    Row none = listed(Files.writeString(folder.resolve("b.json"), "{}"));
    refused(() -> new Sa1bReader(9).read(none, LabelFrame.of(2, 3), files()), "mask-json")
        .hasMessageContaining("b.json: no annotations, so no file of SA-1B's");
  }

  private void json(String document, String reason, String part) {
    refused(() -> read(reader(), document), reason).hasMessageContaining(part);
  }

  private void segmentation(String json, String reason, String part) {
    List<Row> parts = List.of(part(1, 2, false, json));
    refused(() -> coco(Layout.Crowd.IGNORE, parts), reason).hasMessageContaining(part);
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable reading, String reason) {
    return assertThatThrownBy(reading)
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageStartingWith("Unreadable image (" + reason + "): ");
  }

  private LabelReader.Labels labelme(Layout.Overlap overlap, String shapes) throws IOException {
    var layout = new Labelme(table(Layout.Others.REFUSE), overlap, Layout.OtherShapes.SKIP);
    return read(new LabelmeReader(layout), document(shapes));
  }

  private static LabelmeReader reader() {
    return new LabelmeReader(
        new Labelme(table(Layout.Others.REFUSE), Layout.Overlap.LAST, Layout.OtherShapes.REFUSE));
  }

  private static LabelTable table(Layout.Others others) {
    var classes = new TreeMap<>(new ClassNames(List.of("scratch", "dent")).byName());
    classes.put("dirt", ClassMask.IGNORE);
    return new LabelTable(classes, others);
  }

  private LabelReader.Labels read(LabelReader reader, String document) throws IOException {
    return reader.read(
        listed(Files.writeString(folder.resolve("a.json"), document)),
        LabelFrame.of(4, 4),
        files());
  }

  private byte[] classFiles(int ignore, Layout.Overlap overlap, byte[]... files)
      throws IOException {
    Row[] parts = new Row[files.length];
    for (int i = 0; i < files.length; i++) {
      Path file = folder.resolve(i + ".png");
      Files.write(file, ImageCodec.encodePng(new ClassMask(files[i].length, 1, files[i])));
      parts[i] = filePart(i + 1, file);
    }
    return new ClassFileReader(ignore, overlap)
        .read(listed(List.of(parts)), LabelFrame.of(4, 1), files())
        .mask()
        .classes();
  }

  private static LabelReader.Labels coco(Layout.Crowd crowd, List<Row> parts) {
    return new CocoReader(Layout.Overlap.LAST, crowd, Layout.OtherShapes.REFUSE)
        .read(listed(parts), LabelFrame.of(4, 4), files());
  }

  private static ListedFiles files() {
    return new ListedFiles(new Configuration());
  }

  private static Row listed(Path file) throws IOException {
    return row(LISTED, "file:" + file, Files.size(file), null);
  }

  private static Row listed(List<Row> parts) {
    return row(LISTED, "labels", null, row(LabelParts.TYPE, null, null, parts.toArray(Row[]::new)));
  }

  private static Row part(long ordinal, int label, boolean crowd, String text) {
    return row(
        LabelParts.PART,
        ordinal,
        label,
        label == 2 ? "dent" : "scratch",
        crowd,
        null,
        null,
        null,
        text,
        null);
  }

  private static Row filePart(int label, Path file) throws IOException {
    return row(
        LabelParts.PART,
        (long) label,
        label,
        null,
        false,
        "file:" + file,
        Files.size(file),
        0L,
        null,
        null);
  }

  private static Row row(StructType schema, Object... values) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] instanceof Row[] rows) {
        values[i] = scala.collection.JavaConverters.asScalaBuffer(List.of(rows)).toSeq();
      }
    }
    return new GenericRowWithSchema(values, schema);
  }

  private static String document(String shapes) {
    return "{\"version\":\"5.4\",\"imagePath\":\"../../etc/passwd\",\"imageWidth\":4,\"imageHeight\":4,\"shapes\":["
        + shapes
        + "]}";
  }

  private static String shape(String label, String type, String points) {
    return "{\"label\":\"%s\",\"points\":%s,\"group_id\":null,\"shape_type\":\"%s\",\"flags\":{}}"
        .formatted(label, points, type);
  }
}
