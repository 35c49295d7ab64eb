package stillhouse.predict;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/**
 * An exported student under ONNX Runtime: input {@code image} [N, 3, H, W] in 0…1, output {@code
 * logits} [N, K, h, w], batch 1. Input and output stay in direct buffers that calls reuse, a pair
 * for each call that runs at the same time.
 */
public final class OnnxSegmenter implements Segmenter {
  static final String INPUT = "image";
  static final String OUTPUT = "logits";
  private static final String EMBEDDING = "embedding";

  /**
   * All that a network says of an image.
   *
   * @param logits [K, h, w], as they come: a broken network's may be no numbers
   * @param embedding [C, h, w]; empty where the file has no such output
   */
  public record Answer(FloatTensor logits, Optional<FloatTensor> embedding) {}

  private final String name;
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final ModelMetadata metadata;
  private final int[] outputShape;
  private final ConcurrentLinkedQueue<OnnxCall> free = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  /**
   * @param name stands in messages
   * @param threads threads inside one call, ≥ 1
   * @throws IllegalArgumentException where the file lacks the metadata or the shape of a student,
   *     or can't be run there
   */
  OnnxSegmenter(byte[] model, String name, int threads, Provider provider) {
    if (threads < 1) {
      throw new IllegalArgumentException("Invalid threads: " + threads + " (must be ≥ 1)");
    }
    this.name = name;
    this.environment = OrtEnvironment.getEnvironment();
    this.session = openSession(model, threads, provider);
    try {
      this.metadata = ModelMetadata.of(session.getMetadata().getCustomMetadata(), name);
      checkSignature();
      this.outputShape = probe();
    } catch (OrtException e) {
      closeSession();
      throw new IllegalStateException("Cannot run " + name + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      closeSession();
      throw e;
    }
  }

  private OrtSession openSession(byte[] model, int threads, Provider provider) {
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      // Without VNNI, sums of unsigned by signed products saturate at 16 bits unless ORT is told.
      options.addConfigEntry("session.x64quantprecision", "1");
      provider.addTo(options);
      return environment.createSession(model, options);
    } catch (OrtException e) {
      throw new IllegalArgumentException("Cannot load model " + name + ": " + e.getMessage(), e);
    }
  }

  private void checkSignature() throws OrtException {
    TensorInfo input = tensor(session.getInputInfo().get(INPUT), INPUT, "input");
    tensor(session.getOutputInfo().get(OUTPUT), OUTPUT, "output");
    long[] wanted = {input.getShape()[0], 3, metadata.height(), metadata.width()};
    boolean fits = input.getShape().length == 4 && (wanted[0] == -1 || wanted[0] == 1);
    for (int axis = 1; fits && axis < 4; axis++) {
      fits = input.getShape()[axis] == wanted[axis] || input.getShape()[axis] == -1;
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "Cannot run %s: input %s is %s (must be [1 or any, 3, %d, %d] by its metadata)"
              .formatted(
                  name,
                  INPUT,
                  Arrays.toString(input.getShape()),
                  metadata.height(),
                  metadata.width()));
    }
  }

  private TensorInfo tensor(NodeInfo node, String wanted, String kind) throws OrtException {
    if (node == null || !(node.getInfo() instanceof TensorInfo info)) {
      throw new IllegalArgumentException(
          "Cannot run %s: it has no %s '%s' (inputs %s, outputs %s)"
              .formatted(name, kind, wanted, session.getInputNames(), session.getOutputNames()));
    }
    return info;
  }

  /** One run on a black image: the shape of the logits, whether or not the file declares it. */
  private int[] probe() throws OrtException {
    long[] shape = OnnxCall.outputShape(environment, session, metadata);
    int classes = metadata.classNames().size();
    if (shape.length != 4 || shape[0] != 1 || shape[1] != classes) {
      throw new IllegalArgumentException(
          "Cannot run %s: output %s is %s for one image (must be [1, %d, h, w] for classes %s)"
              .formatted(name, OUTPUT, Arrays.toString(shape), classes, metadata.classNames()));
    }
    return new int[] {classes, Math.toIntExact(shape[2]), Math.toIntExact(shape[3])};
  }

  public ModelMetadata metadata() {
    return metadata;
  }

  @Override
  public List<String> classNames() {
    return metadata.classNames();
  }

  /**
   * @throws BrokenNetworkException where one is not finite: a mask of such would be background
   */
  @Override
  public FloatTensor logits(RgbImage image) {
    OnnxCall call = take();
    try {
      NetworkInput.fill(image, metadata.height(), metadata.width(), call.input());
      call.run(session);
      FloatTensor logits = read(call);
      BrokenNetworkException.check(name, logits);
      return logits;
    } catch (OrtException e) {
      throw cannotRun(image, e);
    } finally {
      giveBack(call);
    }
  }

  /** Logits and embedding of an image, whether or not they are numbers. */
  public Answer answer(RgbImage image) {
    OnnxCall call = take();
    try {
      NetworkInput.fill(image, metadata.height(), metadata.width(), call.input());
      Optional<FloatTensor> embedding = Optional.empty();
      if (session.getOutputNames().contains(EMBEDDING)) {
        embedding = Optional.of(call.run(session, EMBEDDING));
      } else {
        call.run(session);
      }
      return new Answer(read(call), embedding);
    } catch (OrtException e) {
      throw cannotRun(image, e);
    } finally {
      giveBack(call);
    }
  }

  private FloatTensor read(OnnxCall call) {
    float[] logits = new float[outputShape[0] * outputShape[1] * outputShape[2]];
    call.output().get(0, logits);
    return new FloatTensor(outputShape, logits);
  }

  private IllegalStateException cannotRun(RgbImage image, OrtException e) {
    return new IllegalStateException(
        "Cannot run %s on a %d×%d image: %s"
            .formatted(name, image.width(), image.height(), e.getMessage()),
        e);
  }

  /** Runs the network once on what its input buffer holds; the time of exactly that. */
  long timeNanos(OnnxCall call) {
    long start = System.nanoTime();
    try {
      call.run(session);
    } catch (OrtException e) {
      throw new IllegalStateException("Cannot time " + name + ": " + e.getMessage(), e);
    }
    return System.nanoTime() - start;
  }

  OnnxCall take() {
    if (closed) {
      throw new IllegalStateException("Cannot run " + name + ": it was closed");
    }
    OnnxCall call = free.poll();
    try {
      return call != null ? call : new OnnxCall(environment, metadata, outputShape);
    } catch (OrtException e) {
      throw new IllegalStateException(
          "Cannot allocate buffers for " + name + ": " + e.getMessage(), e);
    }
  }

  void giveBack(OnnxCall call) {
    free.add(call);
  }

  /** Frees the network and its buffers. No call may be running. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      for (OnnxCall call = free.poll(); call != null; call = free.poll()) {
        call.close();
      }
      closeSession();
    }
  }

  private void closeSession() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("Cannot close " + name + ": " + e.getMessage(), e);
    }
  }
}
