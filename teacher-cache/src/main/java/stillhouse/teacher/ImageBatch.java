package stillhouse.teacher;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/**
 * One batch on its way to a teacher's network. Images become the network's input as they are added,
 * so one thread can make a batch ready while another waits for the network. One thread at a time.
 */
public interface ImageBatch extends AutoCloseable {
  /**
   * Preprocesses an image, which is not kept.
   *
   * @throws IllegalStateException past {@link TeacherSpec#batch()} images
   */
  void add(RgbImage image);

  /** Asks the network, once: {@link Teacher#encode} of the images that were added. */
  List<Map<String, FloatTensor>> encode();

  /** Gives back the input's memory, whether the network was asked or not. */
  @Override
  void close();

  /** Of a teacher that has no preprocessing of its own: keeps the images. */
  static ImageBatch keeping(Teacher teacher) {
    return new ImageBatch() {
      private final List<RgbImage> images = new ArrayList<>();

      @Override
      public void add(RgbImage image) {
        images.add(image);
      }

      @Override
      public List<Map<String, FloatTensor>> encode() {
        return teacher.encode(List.copyOf(images));
      }

      @Override
      public void close() {
        images.clear();
      }
    };
  }
}
