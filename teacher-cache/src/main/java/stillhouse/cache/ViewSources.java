package stillhouse.cache;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.teacher.SoftTarget;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/** How the rows of a view get at what the cache holds encoded. Runs on executors. */
public record ViewSources(
    ImageSource images, MaskSource masks, TensorSource tensors, SoftTargets softTargets)
    implements Serializable {

  /** The cache's own codecs, and images from where they lie. */
  public static ViewSources of(stillhouse.data.ImageSource images) {
    return new ViewSources(
        images::read, ImageCodec::decodeMask, TensorColumn::decode, ViewSources::compose);
  }

  /** The elements of an {@code answers} column: structs of class_id and logits. */
  public List<Answer> answers(List<Row> structs) {
    List<Answer> answers = new ArrayList<>(structs.size());
    for (Row struct : structs) {
      int classId = struct.fieldIndex("class_id");
      answers.add(
          new Answer(
              struct.isNullAt(classId) ? null : struct.getInt(classId),
              tensors.decode(struct.getAs(CacheTables.LOGITS))));
    }
    return answers;
  }

  /** A dense segmenter's logits as they are; a promptable teacher's composed by class. */
  private static FloatTensor compose(int classes, int height, int width, List<Answer> answers) {
    for (Answer answer : answers) {
      if (answer.classId() == null) {
        return answer.logits();
      }
    }
    List<SoftTarget.ClassLogits> prompted =
        answers.stream().map(a -> new SoftTarget.ClassLogits(a.classId(), a.logits())).toList();
    return SoftTarget.compose(classes, height, width, prompted);
  }

  /** The decoded image behind a URI, checked against its digest. */
  @FunctionalInterface
  public interface ImageSource extends Serializable {
    RgbImage read(String uri, String contentSha256);
  }

  @FunctionalInterface
  public interface MaskSource extends Serializable {
    ClassMask decode(byte[] encoded);
  }

  /** A tensor column's struct as floats. */
  @FunctionalInterface
  public interface TensorSource extends Serializable {
    FloatTensor decode(Row tensor);
  }

  /** Composes an image's answers into one channel a class. */
  @FunctionalInterface
  public interface SoftTargets extends Serializable {
    /** Pre-sigmoid logits [classes, height, width]; an image may have no answer at all. */
    FloatTensor compose(int classes, int height, int width, List<Answer> answers);
  }

  /**
   * One cached answer.
   *
   * @param classId 1…K, or null where the logits are a dense segmenter's
   * @param logits [h, w] for one class, [K, h, w] for a dense segmenter
   */
  public record Answer(Integer classId, FloatTensor logits) {}
}
