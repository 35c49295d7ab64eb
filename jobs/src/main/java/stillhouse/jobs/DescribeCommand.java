package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.ImageCodec;
import stillhouse.data.UnreadableImageException;

/** Writes the data set's YAML for a folder of images and their masks or annotations. */
@Command(
    name = "describe",
    mixinStandardHelpOptions = true,
    description =
        "Writes a data set's YAML for a folder of images and a folder of index masks, a COCO file"
            + " or labelme's files.")
final class DescribeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(DescribeCommand.class);

  @Option(names = "--images", required = true, paramLabel = "DIR")
  private Path images;

  @Option(
      names = "--masks",
      paramLabel = "DIR",
      description = "PNGs: 0 background, 1…K classes, 255 ignored")
  private Path masks;

  @Option(
      names = "--annotations",
      paramLabel = "PATH",
      description = "in place of --masks: a COCO file, or the folder of labelme's files")
  private Path annotations;

  @Option(
      names = "--classes",
      split = ",",
      paramLabel = "NAME",
      description =
          "names of the classes 1…K (default: as many as the masks show, without a gap, or as annotations name)")
  private List<String> classes;

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "192",
      description = "side of the student's input, a multiple of 32 (default: ${DEFAULT-VALUE})")
  private int size;

  @Option(names = "--out", required = true, paramLabel = "FILE")
  private Path out;

  @Override
  public Integer call() throws IOException {
    requireFolder("--images", images);
    if ((masks == null) == (annotations == null)) {
      throw new ConfigException("Give one of --masks and --annotations");
    }
    Map<String, Object> source = new LinkedHashMap<>();
    source.put("images", images.toAbsolutePath().normalize().toString());
    List<String> names = masks == null ? annotated(source) : masked(source);
    source.put("split", "hash");
    Map<String, Object> yaml = new LinkedHashMap<>();
    yaml.put("name", name(out));
    yaml.put("classes", names);
    yaml.put("sources", List.of(source));
    yaml.put("input", Map.of("height", size, "width", size));
    write(new ObjectMapper(new YAMLFactory()).writeValueAsBytes(yaml));
    log.info("Described {} with classes {} in {}", images, names, out);
    return 0;
  }

  /** Adds the source's masks, and gives its classes. */
  private List<String> masked(Map<String, Object> source) throws IOException {
    requireFolder("--masks", masks);
    source.put("masks", masks.toAbsolutePath().normalize().toString());
    return classes == null ? namesFromMasks() : classes;
  }

  private List<String> annotated(Map<String, Object> source) throws IOException {
    if (!Files.exists(annotations)) {
      throw new ConfigException("Invalid --annotations: " + annotations + " does not exist");
    }
    var described = DescribedAnnotations.of(annotations, classes == null ? List.of() : classes);
    source.putAll(described.source());
    return described.classes();
  }

  /** Leaves what is there, and nothing that is not valid. */
  private void write(byte[] yaml) throws IOException {
    if (Files.isDirectory(out)) {
      throw new ConfigException("Invalid --out: " + out + " (must be a file)");
    }
    if (Files.exists(out)) {
      if (!Arrays.equals(Files.readAllBytes(out), yaml)) {
        throw new ConfigException(
            "Cannot describe the images in "
                + out
                + ": it is there and says something else. Remove it, or give another --out.");
      }
      return;
    }
    Files.createDirectories(out.toAbsolutePath().getParent());
    Files.write(out, yaml);
    try {
      DatasetConfig.load(out); // held against the schema at once
    } catch (ConfigException e) {
      Files.delete(out);
      throw e;
    }
  }

  /** The folder's name in the letters that a data set's may have: a-z, 0-9 and dashes. */
  static String name(Path file) {
    Path folder = file.toAbsolutePath().normalize().getParent().getFileName();
    String plain =
        Normalizer.normalize(folder == null ? "" : folder.toString(), Normalizer.Form.NFKD)
            .replaceAll("\\p{M}+", "") // ö is o and a mark now
            .toLowerCase(Locale.ROOT);
    String name = plain.replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return name.isEmpty() ? "images" : name;
  }

  private List<String> namesFromMasks() throws IOException {
    MaskValues values = new MaskValues();
    List<String> unreadable = new ArrayList<>();
    try (var files = Files.list(masks)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".png")).sorted().toList()) {
        try {
          String name = file.getFileName().toString();
          values.add(name, ImageCodec.decodeMask(Files.readAllBytes(file)));
        } catch (UnreadableImageException e) {
          unreadable.add(file.getFileName() + ": " + e.getMessage());
        }
      }
    }
    // Ingest quarantines them; here they show no class.
    if (values.read() > 0 && !unreadable.isEmpty()) {
      log.warn(
          "{} of {} masks can't be read and name no class (such as {})",
          unreadable.size(),
          values.read() + unreadable.size(),
          unreadable.get(0));
    }
    requireClasses(values.most(), values.read(), unreadable);
    values.requireNoGap();
    return IntStream.rangeClosed(1, values.most()).mapToObj(k -> "class-" + k).toList();
  }

  private void requireClasses(int most, int read, List<String> unreadable) {
    String remedy = "Masks are PNGs of class indices (0 background, 1…K classes, 255 ignored).";
    if (read == 0) {
      throw new ConfigException(
          unreadable.isEmpty()
              ? "No .png in " + masks + ". " + remedy
              : "None of the %d masks in %s can be read (such as %s). %s"
                  .formatted(unreadable.size(), masks, unreadable.get(0), remedy));
    }
    if (most == 0) {
      throw new ConfigException(
          "No class in the "
              + read
              + " masks of "
              + masks
              + ": every pixel is 0 or 255. "
              + remedy);
    }
  }

  private static void requireFolder(String option, Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new ConfigException("Invalid " + option + ": " + folder + " is not a folder");
    }
  }
}
