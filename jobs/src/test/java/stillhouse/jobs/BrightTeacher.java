package stillhouse.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Map;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;

/** A plain segmenter of one class: where the image is bright. */
record BrightTeacher(TeacherSpec spec) implements Teacher {
  private static final int SIDE = 8;

  record Source(TeacherSpec spec) implements TeacherSource {
    private static final long serialVersionUID = 1L;

    @Override
    public Teacher open() {
      return new BrightTeacher(spec);
    }
  }

  /** Teachers of different names have different files. */
  static Source named(String name) {
    Sha256 digest = Sha256.of(name.getBytes(UTF_8));
    return new Source(
        new TeacherSpec(
            name, digest, digest, digest, List.of("embedding", LOGITS), "embedding", false, 2));
  }

  @Override
  public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
    return images.stream().map(BrightTeacher::features).toList();
  }

  private static Map<String, FloatTensor> features(RgbImage image) {
    FloatTensor planes = Images.planes(image, SIDE, SIDE);
    float[] logits = new float[SIDE * SIDE];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = planes.data()[i] - 0.5f;
    }
    return Map.of("embedding", planes, LOGITS, new FloatTensor(new int[] {1, SIDE, SIDE}, logits));
  }

  @Override
  public MaskAnswer decode(
      Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
    throw new UnsupportedOperationException("no decoder");
  }

  @Override
  public void close() {}
}
