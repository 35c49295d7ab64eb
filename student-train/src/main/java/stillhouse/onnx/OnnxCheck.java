package stillhouse.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import stillhouse.student.Student;
import stillhouse.student.StudentOutput;

/** Holds an exported file against the network it was written from. */
public final class OnnxCheck {
  /** The largest difference that rounding explains, in logits and in embedding values. */
  public static final double TOLERANCE = OutputDifference.TOLERANCE;

  private static final long SEED = 20; // any fixed one: a check that passes passes again

  /**
   * The largest absolute differences seen.
   *
   * @param logits over all logits, before the sigmoid
   * @param embedding over all embedding values
   */
  public record Difference(double logits, double embedding) {
    Difference max(Difference other) {
      return new Difference(Math.max(logits, other.logits), Math.max(embedding, other.embedding));
    }
  }

  private OnnxCheck() {}

  /**
   * Runs the file in ONNX Runtime on random input and on {@code images}, in batches of one and of
   * three, and the student on each image of them, and compares.
   *
   * @param images real ones, RGB in 0…1, [n, 3, H, W], n ≥ 1
   * @throws IllegalStateException where they differ by more than {@link #TOLERANCE}, or are NaN
   */
  public static Difference compare(Student student, Path file, NDArray images) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (NDManager manager = images.getManager().newSubManager();
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(file.toString(), options)) {
        Difference worst = new Difference(0, 0);
        for (int batch : new int[] {1, 3}) {
          NDArray real = cycled(images, batch, manager);
          for (NDArray input : new NDArray[] {real, random(real.getShape(), manager)}) {
            try (NDManager pass = manager.newSubManager()) {
              input.attach(pass);
              worst = worst.max(difference(student, session, environment, input));
            }
          }
        }
        return require(worst, file);
      }
    } catch (OrtException e) {
      throw new IllegalStateException("Cannot run " + file + " in ONNX Runtime", e);
    }
  }

  private static Difference require(Difference worst, Path file) {
    if (!(worst.logits() <= TOLERANCE && worst.embedding() <= TOLERANCE)) {
      throw new IllegalStateException(
          "The exported "
              + file
              + " is not the trained student: logits differ by up to "
              + worst.logits()
              + ", the embedding by "
              + worst.embedding()
              + " (at most "
              + TOLERANCE
              + "). Export it again from the checkpoint it names.");
    }
    return worst;
  }

  private static Difference difference(
      Student student, OrtSession session, OrtEnvironment environment, NDArray input)
      throws OrtException {
    StudentOutput expected = expected(student, input);
    FloatBuffer values = FloatBuffer.wrap(input.toFloatArray());
    try (OnnxTensor image =
            OnnxTensor.createTensor(environment, values, input.getShape().getShape());
        OrtSession.Result result = session.run(Map.of("image", image))) {
      return new Difference(
          OutputDifference.largest(expected.logits(), result, "logits", "student"),
          OutputDifference.largest(expected.embedding(), result, "embedding", "student"));
    }
  }

  /**
   * Image by image: of a pass at 1024×1024 an image's maps are gigabytes, all of which belong to
   * its input's manager.
   */
  private static StudentOutput expected(Student student, NDArray input) {
    NDManager whole = input.getManager();
    NDList embeddings = new NDList();
    NDList logits = new NDList();
    for (long i = 0; i < input.getShape().get(0); i++) {
      try (NDManager one = whole.newSubManager()) {
        NDArray image = input.get(new NDIndex("{}:{}", i, i + 1));
        image.attach(one);
        StudentOutput of = student.forward(image, false);
        of.embedding().attach(whole);
        of.logits().attach(whole);
        embeddings.add(of.embedding());
        logits.add(of.logits());
      }
    }
    return new StudentOutput(NDArrays.concat(embeddings), NDArrays.concat(logits));
  }

  /** The first {@code batch} images, from the start again where there are fewer. */
  private static NDArray cycled(NDArray images, int batch, NDManager manager) {
    Shape one = images.getShape().slice(1);
    int size = Math.toIntExact(one.size());
    float[] all = images.toFloatArray();
    float[] chosen = new float[batch * size];
    for (int i = 0; i < batch; i++) {
      int from = (int) (i % images.getShape().get(0)) * size;
      System.arraycopy(all, from, chosen, i * size, size);
    }
    return manager.create(chosen, new Shape(batch).addAll(one));
  }

  private static NDArray random(Shape shape, NDManager manager) {
    Random random = new Random(SEED);
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return manager.create(values, shape);
  }
}
