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
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;

/** Data sets of every layout, from their YAML and files to the samples' masks. */
class LayoutIngestTest {
  private static final int SIZE = 4;
  private static SparkSession spark;

  @TempDir Path folder;
  private String root;

  @BeforeAll
  static void openSpark() {
    spark = Sessions.local();
  }

  @BeforeEach
  void nameRoot() {
    root = folder.resolve("house").toString();
  }

  @Test
  void everyLayoutGivesTheSameMask() throws IOException {
    byte[] indices = mask(1, 2);
    picture("png/images/a.png", 1);
    write("png/masks/a.png", png(mask(7, 9)));
    picture("city/leftImg8bit/aachen/aachen_000001_000019_leftImg8bit.png", 2);
    write("city/gtFine/aachen/aachen_000001_000019_gtFine_labelIds.png", png(mask(7, 26)));
    write("city/gtFine/aachen/aachen_000001_000019_gtFine_color.png", new byte[0]);
    picture("city/leftImg8bit/bonn/bonn_000001_000020_leftImg8bit.png", 3);
    picture("ade/images/a.png", 4);
    write("ade/annotations/a.png", png(mask(1, 2)));
    picture("suffix/images/a_b.png", 5);
    write("suffix/masks/a_b_road.png", png(mask(255, 0)));
    write("suffix/masks/a_b_car.png", png(mask(0, 1)));
    write("suffix/masks/a_b_rust.png", png(mask(0, 1)));
    picture("folders/images/a.png", 6);
    write("folders/masks/road/a.png", png(mask(1, 0)));
    write("folders/masks/car/a.png", png(mask(0, 255)));
    picture("labelme/a.png", 7);
    write("labelme/a.json", LABELME.getBytes());
    picture("coco/images/deep/a.png", 8);
    write("coco/instances.json", coco("deep/a.png", ROAD + "," + CAR));

    IngestReport report =
        ingest(
            """
            name: mixed
            classes: [road, car]
            sources:
              - {images: png/images, masks: png/masks, split: train, values: {7: road, 9: car}}
              - {images: city/leftImg8bit, masks: city/gtFine, split: train, layout: cityscapes}
              - {images: ade/images, masks: ade/annotations, split: train, layout: ade20k}
              - {images: suffix/images, masks: suffix/masks, split: train, layout: class-files}
              - {images: folders/images, masks: folders/masks, split: train, layout: class-files}
              - {images: labelme, annotations: labelme, split: train, layout: labelme}
              - {images: coco/images, annotations: coco/instances.json, split: train, layout: coco}
            input: {height: 32, width: 32}
            """);

    assertThat(report.reasons()).isEmpty();
    assertThat(report.added()).isEqualTo(8);
    assertThat(report.unlabelled()).as("Bonn's").isEqualTo(1);
    Map<String, byte[]> masks = masks();
    assertThat(masks.remove("city/leftImg8bit/bonn/bonn_000001_000020_leftImg8bit.png")).isNull();
    byte[] ignored = mask(1, 2);
    for (int i = 0; i < ignored.length; i++) {
      ignored[i] = ignored[i] == 0 ? (byte) 255 : ignored[i];
    }
    assertThat(masks).hasSize(7);
    masks.forEach(
        (name, mask) ->
            assertThat(mask)
                .as(name)
                .isEqualTo(
                    name.contains("leftImg8bit") || name.startsWith("ade") ? ignored : indices));
    assertThat(strings(Samples.GROUP_ID)).contains("aachen_000001", "bonn_000001");
    write("suffix/masks/a_b_car.png", png(mask(0, 255)));
    Files.setLastModifiedTime(folder.resolve("suffix/masks/a_b_car.png"), FileTime.fromMillis(1));
    IngestReport second = ingest("");
    assertThat(second.changed()).as("one of an image's class files").isEqualTo(1);
    assertThat(second.known()).as("nothing else").isEqualTo(7);
  }

  @Test
  void aNewAnnotationIsReadWithItsImageAlone() throws IOException {
    for (String name : List.of("a", "b", "c")) {
      picture("images/" + name + ".png", name.charAt(0));
    }
    write("coco.json", coco3(ROAD));
    IngestReport first = ingest(cocoYaml(""));
    assertThat(first.added()).isEqualTo(3);
    assertThat(first.unlabelled()).as("c is no image of the file").isEqualTo(1);
    assertThat(masks().get("images/b.png")).as("an image without annotations").containsOnly(0);
    write("coco.json", coco3(CAR.replace("\"image_id\":1", "\"image_id\":2") + "," + ROAD));
    IngestReport second = ingest("");
    assertThat(second.known()).isEqualTo(2);
    assertThat(second.changed()).isEqualTo(1);
    assertThat(masks().get("images/b.png")).isEqualTo(mask(0, 2));
    assertThat(masks().get("images/a.png")).isEqualTo(mask(1, 0));
  }

  @Test
  void hostileEntriesAreToldAndNothingIsLost() throws IOException {
    String[] names = {"it's \"quoted\".png", "line\nbreak.png", "\uD83E\uDEA8.png", "12:30.png"};
    for (int i = 0; i < names.length; i++) {
      picture("images/" + names[i], i + 1);
    }
    picture("secret.png", 9);
    picture("images/twice.png", 10);
    picture("images/same-id.png", 11);
    picture("images/rust.png", 12);
    picture("images/broken.png", 13);
    picture("images/bomb.png", 14);
    picture("images/size.png", 15);
    StringBuilder images = new StringBuilder();
    String[] written = {
      "it's \\\"quoted\\\".png",
      "./x/../line\\nbreak.png",
      "\uD83E\uDEA8.png",
      "12:30.png",
      "../secret.png",
      "/etc/passwd",
      "https://example.org/a.png",
      "twice.png",
      "./twice.png",
      "missing.png",
      "rust.png",
      "broken.png",
      "bomb.png"
    };
    for (int i = 0; i < written.length; i++) {
      images.append(image(i + 1, written[i], SIZE)).append(',');
    }
    images.append(image(90, "same-id.png", SIZE)).append(',').append(image(90, "other.png", SIZE));
    images.append(',').append(image(91, "size.png", 5));
    String bomb = "[[" + "1,".repeat((CocoFile.MOST_TEXT >> 1) + 10_000) + "1]]";
    String annotations =
        String.join(
            ",",
            annotation(1, 1, "[[0,0,4,0,4,4,0,4]]"),
            annotation(2, 1, "[[0,0,4,0,4,4,0,4]]"),
            annotation(11, 77, "[[0,0,4,0,4,4,0,4]]"),
            annotation(12, 1, "{\"size\":[4,4],\"counts\":[3]}"),
            annotation(13, 1, bomb),
            annotation(4711, 1, "[[0,0,4,0,4,4,0,4]]"));
    write("coco.json", coco(images.toString(), CATEGORIES, annotations));

    IngestReport report = ingest(cocoYaml(""));
    assertThat(report.found()).as("10 files, 3 entries that lead out").isEqualTo(13);
    assertThat(report.added()).as("three odd names").isEqualTo(3);
    assertThat(report.reasons())
        .isEqualTo(
            Map.of(
                "outside-root", 3L,
                "mask-duplicate", 2L,
                "mask-values", 1L,
                "mask-rle", 1L,
                "mask-shape", 1L,
                "mask-size", 1L,
                "not-readable", 1L));
    Map<String, String> details = details();
    assertThat(details)
        .containsEntry(
            uri("coco.json") + "#../secret.png",
            "file_name '../secret.png' leads out of the image folder")
        .containsKeys(
            uri("coco.json") + "#/etc/passwd", uri("coco.json") + "#https://example.org/a.png");
    assertThat(details.get(uri("images/twice.png")))
        .isEqualTo("2 entries of images are of this file");
    assertThat(details.get(uri("images/same-id.png")))
        .isEqualTo("2 entries of images have its id 90");
    assertThat(details.get(uri("images/rust.png"))).startsWith("'category 77' is no class");
    assertThat(details.get(uri("images/bomb.png")))
        .isEqualTo("an annotation's segmentation has more than 16777216 characters");
    assertThat(details.get(uri("images/size.png")))
        .isEqualTo("the annotations' file says 5×5, the image is 4×4");
    assertThat(masks().get("images/line\nbreak.png")).isEqualTo(full());
    IngestReport again = ingest("");
    assertThat(again.known()).isEqualTo(3);
    assertThat(again.quarantined()).isEqualTo(10);
  }

  @Test
  void aFileThatIsNoneOfCocosIsRefusedInASentence() throws IOException {
    picture("images/a.png", 1);
    String whole = new String(coco("a.png", ROAD));
    refused("", "can't be read as COCO's: it is empty");
    refused(whole.substring(0, whole.length() - 20), "no JSON: Unexpected end-of-input");
    refused("[]", "the file is no object (line 1, column");
    refused("{\"images\":[],\"annotations\":[]}", "has no images, no annotations or no categories");
    refused(
        whole.replace("\"id\":1,\"file_name\"", "\"file_name\""), "images[0] has not an id and a");
    refused(whole.replace("\"image_id\":1,", ""), "annotations[0] has not an image_id and a");
    refused(
        whole.replace("\"annotations\":[", "\"annotations\":[7,"), "an entry of annotations is");
    refused(whole.replace("[[0,0", "[".repeat(100)), "maximum allowed nesting depth (64)");
    refused(whole + "x", "no JSON: Unrecognized token 'x'");
    refused(
        whole.replace("\"name\":\"car\"", "\"name\":\"tram\""),
        "1 categories of "
            + uri("coco.json")
            + " are no class of the data set (such as "
            + "'tram'). Name their class in the source's labels:, or set others: background or");
    refused(
        whole.replace("\"id\":2,\"name\":\"car\"", "\"id\":1,\"name\":\"car\""),
        "has 1 category ids that stand more than once (such as 1)");
    Files.delete(folder.resolve("coco.json"));
    assertThatThrownBy(() -> ingest(cocoYaml("")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("there is no such file");
  }

  @Test
  void categoriesMayStandForOthersAndCrowdsBeLeftOut() throws IOException {
    picture("images/a.png", 1);
    String tram = CAR.replace("\"iscrowd\":0", "\"iscrowd\":1");
    write(
        "coco.json",
        new String(coco("a.png", ROAD + "," + tram)).replace("road", "tram").getBytes());
    ingest(cocoYaml(", labels: {tram: car}, crowd: drop"));
    assertThat(masks().get("images/a.png")).isEqualTo(mask(2, 0));
    IngestReport changed = ingest(cocoYaml(", others: background"));
    assertThat(changed.changed()).as("other settings").isEqualTo(1);
    assertThat(masks().get("images/a.png")).isEqualTo(mask(0, 255));
  }

  private static final String CATEGORIES =
      "{\"id\":1,\"name\":\"road\"},{\"id\":2,\"name\":\"car\"}";
  private static final String ROAD = annotation(1, 1, "[[0,0,4,0,4,2,0,2]]");
  private static final String CAR = annotation(1, 2, "{\"size\":[4,4],\"counts\":[3,1,3,1,8]}");
  private static final String LABELME =
      """
      {"imagePath": "a.png", "imageHeight": 4, "imageWidth": 4, "shapes": [
        {"label": "road", "shape_type": "rectangle", "points": [[0, 0], [4, 2]]},
        {"label": "car", "shape_type": "polygon", "points": [[0, 3], [2, 3], [2, 4], [0, 4]]}]}
      """;

  /** Two rows of one value, and half of the last row of another. */
  private static byte[] mask(int upper, int lower) {
    byte[] mask = new byte[SIZE * SIZE];
    Arrays.fill(mask, 0, 2 * SIZE, (byte) upper);
    Arrays.fill(mask, 3 * SIZE, 3 * SIZE + 2, (byte) lower);
    return mask;
  }

  private static byte[] full() {
    byte[] mask = new byte[SIZE * SIZE];
    Arrays.fill(mask, (byte) 1);
    return mask;
  }

  private static byte[] png(byte[] mask) {
    return ImageCodec.encodePng(new ClassMask(SIZE, SIZE, mask));
  }

  private static String annotation(int image, int category, String segmentation) {
    return "{\"id\":%d,\"image_id\":%d,\"category_id\":%d,\"iscrowd\":0,\"bbox\":[0,0,1,1],\"segmentation\":%s}"
        .formatted(10 * image + category, image, category, segmentation);
  }

  private static String image(int id, String name, int size) {
    return "{\"id\":%d,\"file_name\":\"%s\",\"width\":%d,\"height\":%d}"
        .formatted(id, name, size, size);
  }

  private static byte[] coco(String images, String categories, String annotations) {
    return "{\"info\":{\"year\":2017},\"images\":[%s],\"annotations\":[%s],\"categories\":[%s]}"
        .formatted(images, annotations, categories)
        .getBytes();
  }

  private static byte[] coco(String name, String annotations) {
    return coco(image(1, name, SIZE), CATEGORIES, annotations);
  }

  private static byte[] coco3(String annotations) {
    return coco(image(1, "a.png", SIZE) + "," + image(2, "b.png", SIZE), CATEGORIES, annotations);
  }

  private static String cocoYaml(String more) {
    return """
        name: coco
        classes: [road, car]
        sources: [{layout: coco, images: images, annotations: coco.json, split: hash%s}]
        input: {height: 32, width: 32}
        """
        .formatted(more);
  }

  private void refused(String json, String part) throws IOException {
    write("coco.json", json.getBytes());
    assertThatThrownBy(() -> ingest(cocoYaml("")))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot ingest coco: ")
        .hasMessageContaining(part);
  }

  /** The YAML that was written last where none is given. */
  private IngestReport ingest(String yaml) throws IOException {
    Path file = folder.resolve("dataset.yaml");
    if (!yaml.isEmpty()) {
      Files.writeString(file, yaml);
    }
    return Ingest.run(spark, DatasetConfig.load(file), root);
  }

  private void picture(String name, int shade) throws IOException {
    byte[] rgb = new byte[3 * SIZE * SIZE];
    Arrays.fill(rgb, (byte) shade);
    write(name, ImageCodec.encodePng(new RgbImage(SIZE, SIZE, rgb)));
  }

  private void write(String name, byte[] bytes) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
  }

  private String uri(String name) {
    return "file:" + folder.resolve(name);
  }

  /** By each image's path in the folder; null where it is unlabelled. */
  private Map<String, byte[]> masks() {
    Map<String, byte[]> masks = new TreeMap<>();
    for (Row row : samples().collectAsList()) {
      byte[] mask = row.getAs(Samples.MASK);
      masks.put(
          row.<String>getAs(Samples.IMAGE_URI).substring(uri("").length() + 1),
          mask == null ? null : ImageCodec.decodeMask(mask).classes());
    }
    return masks;
  }

  private Map<String, String> details() {
    return spark.read().format("delta").load(Samples.quarantineTable(root)).collectAsList().stream()
        .collect(
            Collectors.toMap(
                row -> row.<String>getAs(Samples.IMAGE_URI),
                row -> row.<String>getAs(Samples.DETAIL)));
  }

  private List<String> strings(String column) {
    return samples().select(column).collectAsList().stream().map(r -> r.getString(0)).toList();
  }

  private Dataset<Row> samples() {
    return spark.read().format("delta").load(Samples.table(root));
  }
}
