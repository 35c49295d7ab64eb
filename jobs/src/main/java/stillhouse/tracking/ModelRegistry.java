package stillhouse.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** MLflow's registry: named models, their versions, and aliases that point at one version each. */
public final class ModelRegistry {
  public static final String CHAMPION = "champion";
  public static final String CHALLENGER = "challenger";

  /** The tag by which a version's file is known. */
  public static final String DIGEST = "onnx_sha256";

  private static final String OWNER = "stillhouse.workspace";
  private static final String PLACE = "stillhouse.workspace.root";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9 ._-]*");
  private final ServerCalls calls;

  ModelRegistry(ServerCalls calls) {
    this.calls = calls;
  }

  /**
   * @throws TrackingException where a name could be taken for more than one
   */
  public static String requireName(String model) {
    if (!NAME.matcher(model).matches()) {
      throw new TrackingException(
          "Invalid model name: '"
              + model
              + "' (must be letters, digits, blanks, '.', '_' and '-', and begin with a letter or digit). Give --model NAME.");
    }
    return model;
  }

  /**
   * The version of a model that holds a run's file: the one that is there, else a new one of a
   * model directory that is uploaded first, so that a version is never without its files. Files lie
   * under the ONNX file's digest and are never replaced by others.
   *
   * @param directory as {@link OnnxModel#write} leaves it
   * @param digest SHA-256 of its ONNX file
   * @param tags of the version, beside the digest
   */
  public String register(
      String model, TrackedRun run, Path directory, String digest, Map<String, String> tags) {
    Optional<String> known = version(model, run.id(), digest);
    if (known.isPresent()) {
      return known.get();
    }
    String path = OnnxModel.artifact(digest);
    run.artifacts(directory, path);
    if (find(model).isEmpty()) {
      create(model);
    }
    Map<String, Object> body =
        Map.of(
            "name",
            model,
            "source",
            run.artifact(path),
            "run_id",
            run.id(),
            "tags",
            withDigest(tags, digest));
    return calls
        .post("register a version of model " + model, "model-versions/create", body)
        .path("model_version")
        .path("version")
        .asText();
  }

  private static List<Map<String, String>> withDigest(Map<String, String> tags, String digest) {
    var all = new TreeMap<>(tags);
    all.put(DIGEST, digest);
    return all.entrySet().stream()
        .map(tag -> Map.of("key", tag.getKey(), "value", tag.getValue()))
        .toList();
  }

  /** Two that make a model at once both find it. */
  private void create(String model) {
    try {
      calls.post("make model " + model, "registered-models/create", Map.of("name", model));
    } catch (TrackingException e) {
      if (find(model).isEmpty()) {
        throw e;
      }
    }
  }

  private Optional<String> version(String model, String runId, String digest) {
    JsonNode versions =
        calls
            .search(
                "look for versions of model " + model,
                "model-versions/search",
                "name = '" + model + "' and run_id = '" + runId + "'")
            .path("model_versions");
    return stream(versions)
        .filter(version -> digest.equals(tag(version, DIGEST)))
        .map(version -> version.path("version").asText())
        .findFirst();
  }

  private static String tag(JsonNode version, String key) {
    return stream(version.path("tags"))
        .filter(tag -> key.equals(tag.path("key").asText()))
        .map(tag -> tag.path("value").asText())
        .findFirst()
        .orElse("");
  }

  /** Which version an alias points at; empty where the model or the alias is not there. */
  public Optional<String> alias(String model, String alias) {
    return find(model)
        .flatMap(
            found ->
                stream(found.path("aliases"))
                    .filter(a -> alias.equals(a.path("alias").asText()))
                    .map(a -> a.path("version").asText())
                    .findFirst());
  }

  /**
   * A workspace that promotes a model.
   *
   * @param id of its table of promotions
   * @param place where it was when it said so
   */
  public record Owner(String id, String place) {}

  /** The workspace that a model belongs to; empty where none has said so, or there is no model. */
  public Optional<Owner> owner(String model) {
    return find(model)
        .map(found -> new Owner(tag(found, OWNER), tag(found, PLACE)))
        .filter(owner -> !owner.id().isEmpty());
  }

  /**
   * Makes a model a workspace's, whoever's it was, and makes the model where it is not there. Of
   * two at once the later one holds: ask {@link #owner} before anything that relies on it.
   */
  public void own(String model, Owner owner) {
    if (find(model).isEmpty()) {
      create(model);
    }
    tag(model, PLACE, owner.place());
    tag(model, OWNER, owner.id());
  }

  private void tag(String model, String key, String value) {
    calls.post(
        "tag model " + model,
        "registered-models/set-tag",
        Map.of("name", model, "key", key, "value", value));
  }

  /** Points an alias at a version, wherever it pointed before. */
  public void setAlias(String model, String alias, String version) {
    calls.post(
        "point alias %s of model %s at version %s".formatted(alias, model, version),
        "registered-models/alias",
        Map.of("name", model, "alias", alias, "version", version));
  }

  /** Searched for and not asked for by name: the client repeats a question whose answer is 404. */
  private Optional<JsonNode> find(String model) {
    JsonNode found =
        calls
            .search("look for model " + model, "registered-models/search", "name = '" + model + "'")
            .path("registered_models");
    return stream(found).filter(m -> model.equals(m.path("name").asText())).findFirst();
  }

  private static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
