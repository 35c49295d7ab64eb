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
  private final Provider provider;

  private OnnxSource(byte[] model, String name, int threads, Provider provider) {
    this.model = model;
    this.name = name;
    this.digest = Sha256.of(model);
    this.threads = threads;
    this.provider = provider;
  }

  /**
   * @param threads threads inside one call of the network; tasks that share it run beside each
   *     other
   */
  public static OnnxSource of(Path file, int threads) {
    try {
      return new OnnxSource(Files.readAllBytes(file), file.toString(), threads, Provider.CPU);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read model " + file, e);
    }
  }

  /**
   * A TensorRT engine, on the GPU of the task that opens it.
   *
   * @param network that carries it, {@code tensorrt.EngineNetwork}
   * @param name stands in messages
   */
  public static OnnxSource ofEngine(byte[] network, String name) {
    return new OnnxSource(network, name, 1, Provider.TENSORRT);
  }

  /** The digest of the model file. */
  public Sha256 digest() {
    return digest;
  }

  @Override
  public String id() {
    return "onnx " + digest + " on " + provider.word() + " threads " + threads;
  }

  @Override
  public OnnxSegmenter open() {
    return new OnnxSegmenter(model, name + " (" + digest.brief() + ")", threads, provider);
  }
}
