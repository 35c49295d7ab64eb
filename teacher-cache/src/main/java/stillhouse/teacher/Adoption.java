package stillhouse.teacher;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import stillhouse.conf.ConfigException;

/**
 * Makes a pinned teacher of a preset and the files that its user has: {@code DIR/teacher.yaml},
 * with their digests, once they were opened, asked and found to fit.
 *
 * @param preset a teacher's YAML; what it says of files, but for their methods, is replaced
 * @param encoder a path, or a source of {@link ModelSource#parse} that is fetched
 * @param encoderData the same for the encoder's external weights
 * @param decoder the same for the decoder
 */
public record Adoption(
    Path preset, String encoder, Optional<String> encoderData, Optional<String> decoder) {
  private static final YAMLMapper YAML =
      new YAMLMapper(
          YAMLFactory.builder()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .build());

  /**
   * @param yaml the file that was written; empty where the network doesn't fit
   */
  public record Result(TeacherCheck.Report report, Optional<Path> yaml) {}

  /**
   * @param out gets teacher.yaml
   * @throws ConfigException where another teacher is there, or a file is missing or too much
   */
  public Result into(Path out, FetchSettings settings) {
    TeacherConfig pinned = pinned(settings);
    LocalTeacher files = TeacherFiles.fetch(pinned, settings);
    TeacherCheck.Report report = TeacherCheck.run(files, List.of());
    if (!report.fits()) {
      return new Result(report, Optional.empty());
    }
    try {
      return new Result(report, Optional.of(write(pinned, out)));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + out.resolve("teacher.yaml"), e);
    }
  }

  private TeacherConfig pinned(FetchSettings settings) {
    TeacherConfig config = TeacherConfig.preset(preset);
    if (config.decoder() == null && decoder.isPresent()) {
      throw new ConfigException(
          "Cannot adopt %s: %s has no decoder; leave out --decoder %s"
              .formatted(config.name(), preset, decoder.get()));
    }
    ModelFiles form = config.files();
    ModelFile data =
        encoderData.map(d -> pin(config, form.encoder(), d, null, settings)).orElse(null);
    ModelFile its = pin(config, form.encoder(), encoder, data, settings);
    ModelFile other =
        config.decoder() == null
            ? null
            : pin(config, form.decoder(), decoder(config), null, settings);
    return config.with(new ModelFiles(null, its, other, null, null));
  }

  /** TorchScript may hold the decoder in the encoder's file. */
  private String decoder(TeacherConfig config) {
    return decoder.orElseGet(
        () -> {
          if (config.engine() == TeacherConfig.Engine.PYTORCH) {
            return encoder;
          }
          throw new ConfigException(
              "Cannot adopt %s: it has a decoder. Give --decoder FILE".formatted(config.name()));
        });
  }

  private static ModelFile pin(
      TeacherConfig config, ModelFile form, String given, ModelFile data, FetchSettings settings) {
    boolean path = Files.exists(Path.of(given));
    ModelSource source =
        path ? new ModelSource.Local(Path.of(given).toAbsolutePath()) : source(given);
    if (source instanceof ModelSource.Local local) {
      if (!Files.isRegularFile(local.path())) {
        throw new ConfigException(
            "Cannot adopt %s: no file %s".formatted(config.name(), local.path()));
      }
      return form.pinned("file:" + local.path().normalize(), local.path(), data);
    }
    return TeacherFiles.keepUnpinned(
        config, source, settings, file -> form.pinned(given, file, data));
  }

  private static ModelSource source(String given) {
    if (!given.contains(":")) {
      throw new ConfigException("Cannot adopt " + given + ": no such file");
    }
    return ModelSource.parse(given);
  }

  private Path write(TeacherConfig pinned, Path out) throws IOException {
    Path yaml = out.resolve("teacher.yaml");
    Files.createDirectories(out);
    // It takes its name once it was held against the schema, and against what is there.
    Path unchecked = out.resolve("unchecked-" + UUID.randomUUID() + ".yaml");
    try {
      Files.writeString(unchecked, text(pinned));
      TeacherConfig written = TeacherConfig.load(unchecked);
      if (Files.exists(yaml) && !TeacherConfig.load(yaml).spec().equals(written.spec())) {
        throw new ConfigException(
            "Cannot write %s: another teacher is there. Give another --out, or remove it"
                .formatted(yaml));
      }
      Files.move(unchecked, yaml, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unchecked);
    }
    return yaml;
  }

  private String text(TeacherConfig pinned) throws IOException {
    var tree = (ObjectNode) YAML.readTree(preset.toFile());
    Map<String, Object> files = new LinkedHashMap<>();
    files.put("encoder", fields(pinned.files().encoder()));
    if (pinned.files().decoder() != null) {
      files.put("decoder", fields(pinned.files().decoder()));
    }
    tree.set("files", YAML.valueToTree(files));
    return "# Adopted from the preset %s: the files were opened, asked about a gray image, and fit.%n"
            .formatted(preset.getFileName())
        + YAML.writeValueAsString(tree);
  }

  private static Map<String, Object> fields(ModelFile file) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("source", file.source());
    fields.put("sha256", file.sha256());
    fields.put("bytes", file.bytes());
    if (file.method() != null) {
      fields.put("method", file.method());
    }
    if (file.data() != null) {
      fields.put("data", fields(file.data()));
    }
    return fields;
  }
}
