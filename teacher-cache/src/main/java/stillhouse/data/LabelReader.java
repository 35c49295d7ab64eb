package stillhouse.data;

import java.io.Serializable;
import org.apache.spark.sql.Row;

/**
 * Makes the mask of an image from what {@link SourceListing} found of its labels, in a task; one a
 * source, by its {@link Layout}.
 */
sealed interface LabelReader extends Serializable
    permits IndexMaskReader, ClassFileReader, LabelmeReader, CocoReader, Sa1bReader {
  /**
   * @param listed the image's row of {@link SourceListing#rows}, {@link SourceListing#MASK_URI} not
   *     null
   * @param frame the sizes that the labels may be of
   * @return drawn on one of them
   * @throws UnreadableImageException where the labels can't be used; its reason begins with {@code
   *     mask-}, or is that of a file that can't be read
   */
  Labels read(Row listed, LabelFrame frame, ListedFiles files);

  /**
   * @param mask of the pixels that the labels are of, which may be turned: 0 background, 1…K
   *     classes, {@link ClassMask#IGNORE}
   * @param skipped shapes without an area that were passed over
   */
  record Labels(ClassMask mask, long skipped) {}
}
