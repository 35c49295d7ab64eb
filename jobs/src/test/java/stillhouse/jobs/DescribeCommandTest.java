package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.ClassMask;
import stillhouse.data.DatasetConfig;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;

class DescribeCommandTest {
  @TempDir Path folder;

  @Test
  void aFolderOfAnyNameGivesAValidDataSet() throws IOException {
    Path parts = Files.createDirectories(folder.resolve("My Parts (2024)"));
    Path images = Files.createDirectory(parts.resolve("images"));
    Path masks = Files.createDirectory(parts.resolve("masks"));
    Path out = parts.resolve("dataset.yaml");
    int code =
        Stillhouse.run(
            "describe", "--images=" + images, "--masks=" + masks, "--classes=dent", "--out=" + out);
    assertThat(code).isZero();
    assertThat(DatasetConfig.load(out).name()).isEqualTo("my-parts-2024");
  }

  @Test
  void aFileThatIsThereIsKeptAndAnInvalidOneNotLeft() throws IOException {
    Path images = Files.createDirectory(folder.resolve("images"));
    Path masks = Files.createDirectory(folder.resolve("masks"));
    Path mine = Files.writeString(folder.resolve("mine.yaml"), "name: by-hand");
    assertThat(describe(images, masks, mine, 96)).isEqualTo(2);
    assertThat(mine).hasContent("name: by-hand");
    Path other = folder.resolve("new/other.yaml");
    assertThat(describe(images, masks, other, 100)).isEqualTo(2);
    assertThat(other).doesNotExist();
    assertThat(describe(images, masks, other, 96)).isZero();
    assertThat(describe(images, masks, other, 96)).as("the same again").isZero();
    assertThat(describe(images, masks, folder, 96)).isEqualTo(2);
  }

  @Test
  void masksThatAreNoIndexPngsAreSaidOnceWithOneOfThem() throws IOException {
    Path images = Files.createDirectory(folder.resolve("images"));
    Path masks = Files.createDirectory(folder.resolve("masks"));
    byte[] colours = ImageCodec.encodePng(new RgbImage(2, 1, new byte[6]));
    Files.write(masks.resolve("a.png"), colours);
    Files.write(masks.resolve("b.png"), colours);
    String[] words = {
      "describe", "--images=" + images, "--masks=" + masks, "--out=" + folder.resolve("d.yaml")
    };
    assertThat(BadInputTest.refused(words))
        .contains("None of the 2 masks in " + masks + " can be read (such as a.png: ")
        .contains("Masks are PNGs of class indices")
        .doesNotContain("b.png");
    Files.write(
        masks.resolve("c.png"), ImageCodec.encodePng(new ClassMask(2, 1, new byte[] {1, 2})));
    assertThat(Stillhouse.run(words)).isZero();
    assertThat(DatasetConfig.load(folder.resolve("d.yaml")).classes())
        .containsExactly("class-1", "class-2");
  }

  @Test
  void aStrayValueOfAMaskMakesNoClasses() throws IOException {
    Path images = Files.createDirectory(folder.resolve("images"));
    Path masks = Files.createDirectory(folder.resolve("masks"));
    mask(masks, "a", 0, 1, 2, 3);
    mask(masks, "b", 1, 2, 255, 255);
    mask(masks, "c", 0, 0, 0, 77);
    Path out = folder.resolve("d.yaml");
    String[] words = {"describe", "--images=" + images, "--masks=" + masks, "--out=" + out};
    assertThat(BadInputTest.refused(words))
        .contains(
            "Cannot name the classes: values 4 to 76 are in no mask, and 77 is in 1 of 3 (c.png).")
        .contains("mend the mask (255 is what to ignore)", "with --classes NAME,NAME")
        .contains("values: {77: NAME} (docs/datasets.md)");
    assertThat(out).doesNotExist();
    mask(masks, "c", 5, 2, 3, 255);
    mask(masks, "d", 5, 7, 7, 3);
    assertThat(BadInputTest.refused(words))
        .contains("values 4, 6 are in no mask, and 5 is in 2 of 4 (such as c.png), 7 is in 1 of 4");
    assertThat(Stillhouse.run(words[0], words[1], words[2], words[3], "--classes=a,b,c,rare,e,f,g"))
        .as("a rare class may be in no mask yet")
        .isZero();
  }

  private static void mask(Path masks, String name, int... values) throws IOException {
    byte[] classes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      classes[i] = (byte) values[i];
    }
    Files.write(
        masks.resolve(name + ".png"),
        ImageCodec.encodePng(new ClassMask(values.length, 1, classes)));
  }

  @Test
  void aCocoFileNamesItsCategories() throws IOException {
    Path images = Files.createDirectory(folder.resolve("images"));
    Path coco =
        Files.writeString(
            folder.resolve("coco.json"),
            "{\"images\":[],\"annotations\":[],\"categories\":[{\"id\":7,\"name\":\"dent\"},{\"id\":3,\"name\":\"Kratzer"
                + " (tief)\"}]}");
    String[] words = {"describe", "--images=" + images, "--annotations=" + coco, "--out="};
    Path out = folder.resolve("all.yaml");
    words[3] += out;
    assertThat(Stillhouse.run(words)).isZero();
    assertThat(DatasetConfig.load(out).classes()).containsExactly("dent", "class-2");
    assertThat(out)
        .content()
        .contains(
            "layout: \"coco\"", "annotations: \"" + coco + "\"", "Kratzer (tief): \"class-2\"");
    Path few = folder.resolve("few.yaml");
    assertThat(Stillhouse.run(words[0], words[1], words[2], "--classes=dent", "--out=" + few))
        .isZero();
    assertThat(DatasetConfig.load(few).classes()).containsExactly("dent");
    assertThat(few).content().contains("others: \"background\"");
    Files.writeString(coco, "{\"images\":[");
    assertThat(BadInputTest.refused(words))
        .contains("Cannot describe " + coco + " as COCO's: no JSON: Unexpected end-of-input");
    assertThat(BadInputTest.refused(words[0], words[1], words[3]))
        .contains("Give one of --masks and --annotations");
  }

  @Test
  void aFolderOfLabelmesFilesNamesTheirLabels() throws IOException {
    Path parts = Files.createDirectory(folder.resolve("parts"));
    Files.writeString(
        parts.resolve("a.json"),
        "{\"shapes\":[{\"label\":\"scratch\"},{\"label\":\"dent\"},{\"label\":\"_background_\"}]}");
    Files.writeString(parts.resolve("b.json"), "{\"shapes\":[{\"label\":\"scratch\"");
    Path out = folder.resolve("parts.yaml");
    int code =
        Stillhouse.run("describe", "--images=" + parts, "--annotations=" + parts, "--out=" + out);
    assertThat(code).isZero();
    assertThat(DatasetConfig.load(out).classes()).containsExactly("dent", "scratch");
    assertThat(out).content().contains("_background_: \"background\"", "layout: \"labelme\"");
  }

  private static int describe(Path images, Path masks, Path out, int size) {
    return Stillhouse.run(
        "describe",
        "--images=" + images,
        "--masks=" + masks,
        "--classes=dent",
        "--size=" + size,
        "--out=" + out);
  }

  @Test
  void namesKeepWhatADataSetsNameMayHave() {
    assertThat(DescribeCommand.name(Path.of("/data/neu-seg/d.yaml"))).isEqualTo("neu-seg");
    assertThat(DescribeCommand.name(Path.of("/data/Rück_seite./d.yaml"))).isEqualTo("ruck-seite");
    assertThat(DescribeCommand.name(Path.of("/data/图像/d.yaml"))).isEqualTo("images");
    assertThat(DescribeCommand.name(Path.of("/d.yaml"))).isEqualTo("images");
  }
}
