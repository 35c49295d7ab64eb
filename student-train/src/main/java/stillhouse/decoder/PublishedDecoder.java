package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import stillhouse.conf.ConfigException;
import stillhouse.student.PublishedWeights.Report;
import stillhouse.student.SafeTensors;
import stillhouse.student.Weights;

/**
 * Published weights of SAM's prompt encoder and mask decoder in a safetensors file, held against a
 * decoder name by name: its own names or those of the package transformers. Every tensor must be in
 * the file with its shape, and every tensor of the file's decoder must be this one's; else the file
 * is refused with all that does not fit. What a smaller decoder leaves out is known: the upsampling
 * of {@link Upsampling#TWOFOLD} starts fresh, and {@link PromptKinds#DENSE_POINTS} has neither
 * corners nor a path for masks. An image encoder in the file is passed over.
 *
 * <p>What shapes do not tell stands in the file's metadata: {@code heads} of each attention, and
 * {@code input_height} and {@code input_width}, the pixels of {@link PromptInput}. A file that
 * names no heads is a published one and has SAM's 8.
 */
public final class PublishedDecoder {
  private static final Pattern CORNER_OR_MASK_PATH =
      Pattern.compile(
          "prompt_encoder\\.(point_embed(dings)?\\.[23]|mask_downscaling|mask_embed)\\..*");
  private static final Pattern UPSAMPLING =
      Pattern.compile("mask_decoder\\.(output_upscaling\\.|upscale_).*");

  private static final String HEADS = "heads";
  private static final String INPUT_HEIGHT = "input_height";
  private static final String INPUT_WIDTH = "input_width";

  private final Path file;
  private final PromptableDecoder decoder;
  private final Weights weights;
  private final SafeTensors tensors;
  private final Map<String, SafeTensors.Entry> sources = new TreeMap<>();
  private final List<String> fresh = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  private PublishedDecoder(
      Path file, PromptableDecoder decoder, Weights weights, SafeTensors tensors) {
    this.file = file;
    this.decoder = decoder;
    this.weights = weights;
    this.tensors = tensors;
  }

  /**
   * Reads a file whose digest the caller knows, and hands each tensor's values to {@code fill}.
   *
   * @param weights that {@code decoder} was made in
   * @param fill gets a tensor of the decoder and its new values, row-major
   * @return what became of each tensor: fresh are the decoder's that are not in the file's shape
   * @throws ConfigException where the file can't be read, is damaged or does not fit; then nothing
   *     was filled
   */
  public static Report load(
      Path file, PromptableDecoder decoder, Weights weights, BiConsumer<NDArray, float[]> fill) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      PublishedDecoder published = new PublishedDecoder(file, decoder, weights, tensors);
      List<String> leftOut = published.match();
      Map<String, float[]> values = published.read();
      values.forEach((name, v) -> fill.accept(weights.get(name), v));
      return new Report(List.copyOf(published.sources.keySet()), published.fresh, leftOut);
    } catch (IOException e) {
      throw new ConfigException("Cannot read a decoder's weights: " + e.getMessage(), e);
    }
  }

  /**
   * A decoder's tensors under SAM's own names, as {@link #load} finds them in a file.
   *
   * @param weights that {@code decoder} was made in
   */
  public static Map<String, NDArray> tensors(PromptableDecoder decoder, Weights weights) {
    Map<String, NDArray> tensors = new TreeMap<>();
    for (String name : weights.names()) {
      String own =
          name.startsWith(decoder.prefix()) ? name.substring(decoder.prefix().length()) : "";
      if (!own.isEmpty() && !DecoderNames.ofOthers(own)) {
        tensors.put(DecoderNames.SAM.published(own), weights.get(name));
      }
    }
    return tensors;
  }

  /** What a file of a decoder's tensors says beside them. */
  public static Map<String, String> metadata(PromptableDecoder decoder) {
    PromptInput input = decoder.grid().madeFor();
    return new TreeMap<>(
        Map.of(
            HEADS, String.valueOf(decoder.config().heads()),
            INPUT_HEIGHT, String.valueOf(input.height()),
            INPUT_WIDTH, String.valueOf(input.width())));
  }

  /**
   * The input that a file's weights were made for; empty where it does not say.
   *
   * @throws ConfigException where the file can't be read, or says what is no size
   */
  public static Optional<PromptInput> madeFor(Path file) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      Map<String, String> said = tensors.metadata();
      return said.containsKey(INPUT_HEIGHT) || said.containsKey(INPUT_WIDTH)
          ? Optional.of(
              new PromptInput(count(file, said, INPUT_HEIGHT), count(file, said, INPUT_WIDTH)))
          : Optional.empty();
    } catch (IOException e) {
      throw new ConfigException("Cannot read a decoder's weights: " + e.getMessage(), e);
    }
  }

  private static int count(Path file, Map<String, String> metadata, String key) {
    String said = metadata.getOrDefault(key, "");
    if (!said.matches("[1-9]\\d{0,5}")) {
      throw new ConfigException(
          "Cannot use the weights %s: the metadata's %s is '%s' (must be a number of 1 to 999999)"
              .formatted(file, key, said));
    }
    return Integer.parseInt(said);
  }

  /** Heads split the same tensors in other ways: no shape tells a wrong number. */
  private void requireHeads() {
    int own = decoder.config().heads();
    boolean said = tensors.metadata().containsKey(HEADS);
    int there = said ? count(file, tensors.metadata(), HEADS) : PromptDecoderConfig.sam().heads();
    if (there != own) {
      problems.add(
          "%s: %d in the file%s, %d in the decoder (the student's prompt.heads)"
              .formatted(
                  HEADS,
                  there,
                  said
                      ? ""
                      : " (SAM's, since its metadata names none: export a run's file again with --force)",
                  own));
    }
  }

  /** Finds each tensor's source and returns the file's tensors without a place. */
  private List<String> match() {
    DecoderNames names = DecoderNames.of(tensors.entries().keySet());
    TreeSet<String> unused = new TreeSet<>(tensors.entries().keySet());
    unused.removeIf(DecoderNames::ofOthers);
    requireHeads();
    for (String name : weights.names()) {
      if (name.startsWith(decoder.prefix())) {
        String own = name.substring(decoder.prefix().length());
        if (!DecoderNames.ofOthers(own)) {
          match(name, names.published(own), unused);
        }
      }
    }
    unused.stream()
        .filter(name -> !leavesOut(name))
        .forEach(name -> problems.add(name + ": in the file, and not in the decoder"));
    if (!problems.isEmpty()) {
      throw new ConfigException(
          "Cannot use the weights "
              + file
              + ": they are of another decoder.\n  - "
              + String.join("\n  - ", problems));
    }
    return List.copyOf(unused);
  }

  private void match(String name, String published, TreeSet<String> unused) {
    if (startsFresh(published)) {
      fresh.add(name);
      return;
    }
    unused.remove(published);
    long[] shape = weights.get(name).getShape().getShape();
    SafeTensors.Entry source = tensors.entries().get(published);
    if (source == null) {
      problems.add(published + ": not in the file (" + name + " of the decoder)");
    } else if (!Arrays.equals(
        source.shape().stream().mapToLong(Integer::longValue).toArray(), shape)) {
      problems.add(
          "%s: %s in the file, %s in the decoder"
              .formatted(published, source.shape(), Arrays.toString(shape)));
    } else {
      sources.put(name, source);
    }
  }

  private boolean startsFresh(String published) {
    return decoder.config().upsampling() == Upsampling.TWOFOLD
        && UPSAMPLING.matcher(published).matches();
  }

  private boolean leavesOut(String published) {
    return startsFresh(published)
        || !decoder.config().prompts().takesMask()
            && CORNER_OR_MASK_PATH.matcher(published).matches();
  }

  /** All values before any is filled in. */
  private Map<String, float[]> read() throws IOException {
    Map<String, float[]> values = new TreeMap<>();
    for (Map.Entry<String, SafeTensors.Entry> source : sources.entrySet()) {
      float[] read = tensors.read(source.getValue());
      for (float value : read) {
        if (!Float.isFinite(value)) {
          throw new ConfigException(
              "Cannot use the weights "
                  + file
                  + ": "
                  + source.getValue().name()
                  + " holds "
                  + value);
        }
      }
      values.put(source.getKey(), read);
    }
    return values;
  }
}
