package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import stillhouse.conf.ConfigException;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.scene.Scene;
import stillhouse.scene.Scenes;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;

/** A picture of what a teacher answers, to be looked at before a cache is filled with it. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = {
      "Draws a teacher's masks over a few images, as a PNG.",
      "",
      "With masks, a promptable teacher is asked with the box of each labelled component and with a"
          + " point in it, and the IoU with the mask stands beside; without, with a grid of points."
          + " A plain segmenter's own classes are drawn."
    })
final class TeacherShowCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(TeacherShowCommand.class);

  @Parameters(paramLabel = "NAME", description = "a YAML file, or a name of conf/teachers")
  private String name;

  @Option(
      names = "--images",
      paramLabel = "DIR|FILE",
      description = "a folder of PNG and JPEG images, or one (default: drawn scenes)")
  private Path images;

  @Option(
      names = "--masks",
      paramLabel = "DIR",
      description = "index masks of the images' base names (PNG; 0 background, 255 ignored)")
  private Path masks;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "6",
      description = "images, in the order of their names (default: ${DEFAULT-VALUE})")
  private int limit;

  @Option(names = "--out", required = true, paramLabel = "PNG", description = "the picture")
  private Path out;

  @Override
  public Integer call() throws IOException {
    if (limit < 1 || limit > 100) {
      throw new ConfigException("Invalid --limit: " + limit + " (must be 1…100)");
    }
    TeacherConfig config = TeacherConfig.find(name);
    if (images != null && masks == null && config.spec().promptable() && !config.takesPoints()) {
      throw new ConfigException(
          "Cannot show %s: it answers boxes alone, which are taken from masks. Give --masks DIR."
              .formatted(config.name()));
    }
    LocalTeacher files = TeacherFiles.resolve(config, TeacherFiles.defaultCache());
    List<TeacherPicture.Shown> shown = images == null ? scenes() : read();
    try (Teacher teacher = files.open()) {
      TeacherPicture picture = new TeacherPicture(teacher, config, log::info);
      Path folder = out.toAbsolutePath().getParent();
      Files.createDirectories(folder);
      Files.write(out, picture.png(shown));
    }
    log.info("Drew {} image(s): {}", shown.size(), out);
    return 0;
  }

  private List<TeacherPicture.Shown> scenes() {
    List<TeacherPicture.Shown> scenes = new ArrayList<>();
    for (int i = 0; i < limit; i++) {
      Scene scene = Scenes.draw(0, i, Scenes.DEFAULT_SIZE);
      scenes.add(new TeacherPicture.Shown("scene " + i, scene.image(), Optional.of(scene.mask())));
    }
    return scenes;
  }

  private List<TeacherPicture.Shown> read() throws IOException {
    List<TeacherPicture.Shown> shown = new ArrayList<>();
    for (Path file : files()) {
      String base = file.getFileName().toString().replaceFirst("\\.[^.]+$", "");
      shown.add(
          new TeacherPicture.Shown(
              base, ImageCodec.decodeRgb(Files.readAllBytes(file)), mask(base)));
    }
    return shown;
  }

  private Optional<ClassMask> mask(String base) throws IOException {
    if (masks == null) {
      return Optional.empty();
    }
    Path file = masks.resolve(base + ".png");
    if (!Files.isRegularFile(file)) {
      throw new ConfigException("Cannot show " + base + ": no mask " + file);
    }
    return Optional.of(ImageCodec.decodeMask(Files.readAllBytes(file)));
  }

  private List<Path> files() throws IOException {
    if (Files.isRegularFile(images)) {
      return List.of(images);
    }
    if (!Files.isDirectory(images)) {
      throw new ConfigException("Cannot show images: no file or folder " + images);
    }
    try (Stream<Path> all = Files.list(images)) {
      List<Path> some = all.filter(TeacherShowCommand::isImage).sorted().limit(limit).toList();
      if (some.isEmpty()) {
        throw new ConfigException("Cannot show images: no .png or .jpg file in " + images);
      }
      return some;
    }
  }

  private static boolean isImage(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).matches(".*\\.(png|jpe?g)");
  }
}
