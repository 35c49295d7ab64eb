package stillhouse.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;

/**
 * Features and logits that are plain functions of the pixels; counts what it was asked. Of an image
 * whose first pixel is white the embedding holds 1e30, of one whose first is black NaN; the logits
 * of class 9 hold an infinity.
 */
record InMemoryTeacher(TeacherSpec spec, float gain) implements Teacher {
  /** Per JVM, as tasks see copies: tests that read them run one at a time. */
  static final AtomicInteger ENCODED = new AtomicInteger();

  static final AtomicInteger DECODED = new AtomicInteger();
  static final AtomicInteger OPEN = new AtomicInteger();
  static final int BATCH = 3;

  /** Serializable, so that an executor opens its own. */
  record Source(TeacherSpec spec) implements TeacherSource {
    private static final long serialVersionUID = 1L;

    @Override
    public Teacher open() {
      OPEN.incrementAndGet();
      return new InMemoryTeacher(spec, 1);
    }
  }

  /** The same spec, all values twice as large. */
  static Teacher louder(TeacherSpec spec) {
    OPEN.incrementAndGet();
    return new InMemoryTeacher(spec, 2);
  }

  static Source segmenter(String digestOf) {
    return source(digestOf, List.of("Embedding.0", LOGITS), false);
  }

  static Source encoder(String digestOf) {
    return source(digestOf, List.of("Embedding.0"), false);
  }

  static Source promptable(String digestOf) {
    return source(digestOf, List.of("Embedding.0", "high_res_0"), true);
  }

  static Source source(String digestOf, List<String> layers, boolean promptable) {
    Sha256 digest = Sha256.of(digestOf.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return new Source(
        new TeacherSpec(
            digestOf, digest, digest, digest, layers, "Embedding.0", promptable, BATCH));
  }

  @Override
  public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
    if (images.size() != BATCH) {
      throw new IllegalArgumentException("Invalid batch: " + images.size());
    }
    ENCODED.addAndGet(images.size());
    List<Map<String, FloatTensor>> out = new ArrayList<>();
    for (RgbImage image : images) {
      out.add(
          Map.of(
              "Embedding.0",
              embedding(image, gain),
              "high_res_0",
              planes(image, 1, 2),
              LOGITS,
              planes(image, 2, -gain)));
    }
    return out;
  }

  private static FloatTensor embedding(RgbImage image, float gain) {
    FloatTensor planes = planes(image, 3, gain / 7);
    int first = image.rgb()[0] & image.rgb()[1] & image.rgb()[2];
    if (first == -1) {
      planes.data()[0] = 1e30f;
    }
    if ((image.rgb()[0] | image.rgb()[1] | image.rgb()[2]) == 0) {
      planes.data()[0] = Float.NaN;
    }
    return planes;
  }

  /** [channels, H, W]: each pixel's channel, scaled. */
  static FloatTensor planes(RgbImage image, int channels, float scale) {
    int cells = image.width() * image.height();
    float[] data = new float[channels * cells];
    for (int i = 0; i < data.length; i++) {
      data[i] = scale * (image.rgb()[i % cells * 3 + i / cells] & 0xff);
    }
    return new FloatTensor(new int[] {channels, image.height(), image.width()}, data);
  }

  @Override
  public MaskAnswer decode(
      Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
    DECODED.incrementAndGet();
    FloatTensor embedding = features.get("Embedding.0");
    float[] logits = new float[embedding.dim(1) * embedding.dim(2)];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = embedding.data()[i] * prompt.classId();
    }
    if (prompt.classId() == 9) {
      logits[0] = Float.POSITIVE_INFINITY;
    }
    int[] shape = {embedding.dim(1), embedding.dim(2)};
    return new MaskAnswer(new FloatTensor(shape, logits), 0.5f);
  }

  @Override
  public void close() {
    OPEN.decrementAndGet();
  }
}
