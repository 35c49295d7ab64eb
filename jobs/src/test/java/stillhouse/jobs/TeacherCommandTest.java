package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.ImageCodec;
import stillhouse.scene.Scene;
import stillhouse.scene.Scenes;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;

/** The teacher commands with a small random network of EdgeSAM's interface, and a segmenter's. */
class TeacherCommandTest {
  private static final Path RANDOM =
      Path.of("../teacher-cache/src/test/resources/reference/teacher/random").toAbsolutePath();
  private static final int PANEL = 228; // a panel and the gap beside it, on the sheet

  @TempDir Path folder;

  @Test
  void showsAnAdoptedTeachersMasksByPointsAndBoxesWithTheirIou() throws IOException {
    Path yaml = adopt("edge-sam", "--decoder", RANDOM.resolve("edge-sam.decoder.onnx").toString());
    Path out = folder.resolve("pictures/scenes.png");

    assertThat(run("show", yaml.toString(), "--limit", "2", "--out", out.toString())).isZero();

    BufferedImage sheet = ImageIO.read(out.toFile());
    assertThat(sheet.getWidth()).isEqualTo(8 + 5 * PANEL);
    StringBuilder told = new StringBuilder();
    try (Teacher teacher = open(yaml)) {
      Scene scene = Scenes.draw(0, 1, 96);
      new TeacherPicture(teacher, TeacherConfig.load(yaml), told::append)
          .png(List.of(new TeacherPicture.Shown("one", scene.image(), Optional.of(scene.mask()))));
    }
    assertThat(told.toString()).matches("one, IoU by points 0\\.\\d\\d, IoU by boxes 0\\.\\d\\d");
  }

  @Test
  void showsAGridOfPointsWhereThereAreNoMasks() throws IOException {
    Path yaml = adopt("edge-sam", "--decoder", RANDOM.resolve("edge-sam.decoder.onnx").toString());
    Path images = Files.createDirectories(folder.resolve("images"));
    Files.write(images.resolve("a.png"), ImageCodec.encodePng(Scenes.draw(0, 0, 64).image()));
    Path out = folder.resolve("grid.png");

    int status =
        run("show", yaml.toString(), "--images", images.toString(), "--out", out.toString());

    assertThat(status).isZero();
    assertThat(ImageIO.read(out.toFile()).getWidth()).isEqualTo(8 + 2 * PANEL);
  }

  @Test
  void showsASegmentersOwnClasses() throws IOException {
    Path yaml = adopt("plain-segmenter");
    Path out = folder.resolve("dense.png");

    assertThat(run("show", yaml.toString(), "--limit", "1", "--out", out.toString())).isZero();

    assertThat(ImageIO.read(out.toFile()).getWidth()).isEqualTo(8 + 4 * PANEL);
    assertThat(run("check", yaml.toString())).isZero();
  }

  @Test
  void endsWithOneWhereAFileDoesNotFit() {
    String other = RANDOM.resolve("upernet-swin-large.onnx").toString();

    int status =
        run(
            "adopt",
            conf("plain-segmenter"),
            "--encoder",
            other,
            "--out",
            folder.resolve("no").toString());

    assertThat(status).isEqualTo(Stillhouse.FAILED);
    assertThat(folder.resolve("no")).doesNotExist();
  }

  private Path adopt(String preset, String... more) {
    String encoder = RANDOM.resolve(preset + ".encoder.onnx").toString();
    if (!Files.exists(Path.of(encoder))) {
      encoder = RANDOM.resolve(preset + ".onnx").toString();
    }
    Path out = folder.resolve(preset);
    String[] first = {"adopt", conf(preset), "--encoder", encoder, "--out", out.toString()};
    assertThat(run(concat(first, more))).isZero();
    return out.resolve("teacher.yaml");
  }

  private static Teacher open(Path yaml) {
    TeacherConfig config = TeacherConfig.load(yaml);
    LocalTeacher files = TeacherFiles.resolve(config, yaml.getParent());
    return files.open();
  }

  private static String[] concat(String[] first, String[] more) {
    String[] all = Arrays.copyOf(first, first.length + more.length);
    System.arraycopy(more, 0, all, first.length, more.length);
    return all;
  }

  private static String conf(String preset) {
    return "../conf/teachers/" + preset + ".yaml";
  }

  private static int run(String... arguments) {
    return Stillhouse.run(concat(new String[] {"teacher"}, arguments));
  }
}
