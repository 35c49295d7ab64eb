package stillhouse.conf;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

/**
 * Reads a YAML file of {@code conf/}, holds it against a JSON schema and binds it to a record. The
 * schema is the one place that says which keys and values are allowed; a record's constructor
 * checks what a schema cannot say.
 */
public final class ConfigFile {
  private static final ObjectMapper YAML =
      new ObjectMapper(
              YAMLFactory.builder().enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL).build())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private ConfigFile() {}

  /**
   * @param schema the class-path name of the schema, such as {@code /schema/recipe.json}
   * @throws ConfigException where the file is missing, is not YAML, or breaks the schema
   */
  public static <T> T load(Path file, Class<T> type, String schema) {
    JsonNode tree = read(file);
    var broken = schema(schema).validate(tree);
    if (!broken.isEmpty()) {
      String each =
          broken.stream()
              .map(ValidationMessage::getMessage)
              .map(m -> m.startsWith("$.") ? m.substring(2) : m)
              .distinct()
              .collect(Collectors.joining("\n  - ", "\n  - ", ""));
      throw new ConfigException("Invalid configuration " + file + ":" + each);
    }
    try {
      return YAML.treeToValue(tree, type);
    } catch (JsonProcessingException e) {
      Throwable root = e.getCause() instanceof RuntimeException ? e.getCause() : e;
      throw new ConfigException("Invalid configuration " + file + ": " + root.getMessage(), e);
    }
  }

  private static JsonNode read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ConfigException(
          "Cannot read configuration " + file + ": no such file" + neighbours(file));
    }
    try {
      JsonNode tree = only(file);
      requireFinite(file, "", tree);
      return tree;
    } catch (IOException e) {
      throw new ConfigException("Cannot parse " + file + ": " + e.getMessage() + hint(e), e);
    }
  }

  /** A variable in braces, {@code {images: ${NAME}}}, is what YAML most often stumbles over. */
  private static String hint(IOException e) {
    return String.valueOf(e.getMessage()).contains("${")
        ? " (within braces a variable needs quotes: {images: \"${NAME}/images\"})"
        : "";
  }

  private static JsonNode only(Path file) throws IOException {
    try (JsonParser parser = YAML.createParser(file.toFile())) {
      JsonNode tree = YAML.readTree(parser);
      if (tree == null || !tree.isObject()) {
        throw new ConfigException("Invalid configuration " + file + ": not a YAML mapping");
      }
      if (parser.nextToken() != null) {
        throw new ConfigException(
            "Invalid configuration " + file + ": more than one YAML document (a line of ---)");
      }
      return tree;
    }
  }

  /** A schema's bounds let infinity and NaN through, and 1e400 is read as the first. */
  private static void requireFinite(Path file, String at, JsonNode node) {
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      throw new ConfigException(
          "Invalid configuration " + file + ": " + at + ": not a finite number of double range");
    }
    node.fields().forEachRemaining(f -> requireFinite(file, join(at, f.getKey()), f.getValue()));
    if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        requireFinite(file, at + "[" + i + "]", node.get(i));
      }
    }
  }

  private static String join(String at, String key) {
    return at.isEmpty() ? key : at + "." + key;
  }

  private static String neighbours(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return "";
    }
    try (var files = Files.list(folder)) {
      String names =
          files
              .map(f -> f.getFileName().toString())
              .filter(n -> n.endsWith(".yaml"))
              .sorted()
              .collect(Collectors.joining(", "));
      return names.isEmpty() ? "" : ". Files there: " + names;
    } catch (IOException e) {
      return " (its folder could not be listed: " + e.getMessage() + ")";
    }
  }

  private static JsonSchema schema(String name) {
    try (InputStream in = ConfigFile.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("No schema " + name + " on the class path");
      }
      return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(in);
    } catch (IOException e) {
      throw new IllegalStateException("Cannot read schema " + name, e);
    }
  }
}
