package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

/**
 * Published weights held against a student, name by name. Every tensor of the encoder must be in
 * the file with its shape, and every tensor of the file must be the encoder's or known to have no
 * place here (a classifier); else the file is refused with all that does not fit. Attention biases
 * may be of windows of another side ({@link BiasTables}).
 */
public final class PublishedWeights {
  /**
   * What became of each tensor.
   *
   * @param taken the student's, filled from the file
   * @param fresh the student's, not in such files: they start as without one
   * @param leftOut the file's, without a place in the student
   */
  public record Report(List<String> taken, List<String> fresh, List<String> leftOut) {
    public Report {
      taken = List.copyOf(taken);
      fresh = List.copyOf(fresh);
      leftOut = List.copyOf(leftOut);
    }
  }

  private final Path file;
  private final PublishedNames names;
  private final Weights weights;
  private final SafeTensors tensors;
  private final Map<String, SafeTensors.Entry> sources = new TreeMap<>();
  private final List<String> fresh = new ArrayList<>();

  private PublishedWeights(Path file, PublishedNames names, Weights weights, SafeTensors tensors) {
    this.file = file;
    this.names = names;
    this.weights = weights;
    this.tensors = tensors;
  }

  /**
   * Reads the file of a student's configuration and hands each tensor's values to {@code fill}.
   *
   * @param weights of the student, made of {@code config}
   * @param fill gets a tensor of the student and its new values, row-major
   * @return empty where the configuration names no file
   * @throws ConfigException where the file is another than its digest says, is damaged, or does not
   *     fit; then nothing was filled
   */
  public static Optional<Report> load(
      StudentConfig config, Weights weights, BiConsumer<NDArray, float[]> fill) {
    if (config.pretrained() == null) {
      return Optional.empty();
    }
    Path file = config.pretrained().path();
    requireDigest(file, config.pretrained().sha256());
    try (SafeTensors tensors = SafeTensors.open(file)) {
      var names = PublishedNames.of(config.network(), tensors.entries().keySet());
      PublishedWeights published = new PublishedWeights(file, names, weights, tensors);
      List<String> leftOut = published.match();
      Map<String, float[]> values = published.read();
      values.forEach((name, v) -> fill.accept(weights.get(name), v));
      return Optional.of(
          new Report(List.copyOf(published.sources.keySet()), published.fresh, leftOut));
    } catch (IOException e) {
      throw new ConfigException("Cannot read pretrained weights: " + e.getMessage(), e);
    }
  }

  private static void requireDigest(Path file, String expected) {
    if (!Files.isRegularFile(file)) {
      throw new ConfigException(
          "Cannot read pretrained weights "
              + file
              + ": no such file. Put it there, or mend"
              + " pretrained.file in the student's YAML.");
    }
    Sha256 actual = Sha256.ofFile(file);
    if (!actual.hex().equals(expected)) {
      throw new ConfigException(
          "Cannot use pretrained weights "
              + file
              + ": SHA-256 "
              + actual
              + ", the student's YAML expects "
              + expected
              + ". Get the file again, or set pretrained.sha256.");
    }
  }

  /** Finds each tensor's source and returns the file's tensors without a place. */
  private List<String> match() {
    TreeSet<String> unused = new TreeSet<>(tensors.entries().keySet());
    List<String> problems = new ArrayList<>();
    for (String name : weights.names()) {
      if (!name.startsWith(PREFIX)) {
        continue;
      }
      Optional<String> published = names.of(name);
      if (published.isEmpty()) {
        fresh.add(name);
      } else {
        unused.remove(published.get());
        match(name, published.get(), problems);
      }
    }
    List<String> leftOut = unused.stream().filter(names::leavesOut).toList();
    unused.stream()
        .filter(name -> !names.leavesOut(name))
        .forEach(name -> problems.add(name + ": in the file, and not in the student"));
    if (!problems.isEmpty()) {
      throw new ConfigException(
          "Cannot use pretrained weights "
              + file
              + ": they are of another network than the student.\n  - "
              + String.join("\n  - ", problems));
    }
    return leftOut;
  }

  private void match(String name, String published, List<String> problems) {
    SafeTensors.Entry source = tensors.entries().get(published);
    long[] shape = weights.get(name).getShape().getShape();
    if (source == null) {
      problems.add(published + ": not in the file (" + name + " of the student)");
    } else if (!names.conversion(name).fits(source.shape(), shape)) {
      problems.add(
          "%s: %s in the file, %s is %s in the student"
              .formatted(published, source.shape(), name, Arrays.toString(shape)));
    } else {
      sources.put(name, source);
    }
  }

  /** All values before any is filled in. */
  private Map<String, float[]> read() throws IOException {
    Map<String, float[]> values = new TreeMap<>();
    for (Map.Entry<String, SafeTensors.Entry> source : sources.entrySet()) {
      String name = source.getKey();
      float[] read = tensors.read(source.getValue());
      requireFinite(source.getValue(), read);
      long[] shape = weights.get(name).getShape().getShape();
      values.put(name, names.conversion(name).apply(read, shape));
    }
    return values;
  }

  private void requireFinite(SafeTensors.Entry source, float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new ConfigException(
            "Cannot use pretrained weights " + file + ": " + source.name() + " holds " + value);
      }
    }
  }
}
