package stillhouse.predict;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.identity.Sha256;

/**
 * An exported student, carried by its bytes: executors run what the driver read, whether or not
 * they see its file. {@link Evaluation} broadcasts it.
 */
public final class OnnxSource implements SegmenterSource {
  private static final long serialVersionUID = 1L;

  private final byte[] model;
  private final String name;
  private final Sha256 digest;
  private final int threads;

  private OnnxSource(byte[] model, String name, int threads) {
    this.model = model;
    this.name = name;
    this.digest = Sha256.of(model);
    this.threads = threads;
  }

  /**
   * @param threads threads inside one call of the network; tasks that share it run beside each
   *     other
   */
  public static OnnxSource of(Path file, int threads) {
    try {
      return new OnnxSource(Files.readAllBytes(file), file.toString(), threads);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read model " + file, e);
    }
  }

  /** The digest of the model file. */
  public Sha256 digest() {
    return digest;
  }

  @Override
  public String id() {
    return "onnx " + digest + " threads " + threads;
  }

  @Override
  public OnnxSegmenter open() {
    return new OnnxSegmenter(model, name + " (" + digest.brief() + ")", threads);
  }
}
