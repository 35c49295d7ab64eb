package stillhouse.teacher;

import java.util.Optional;
import java.util.function.Supplier;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;

/** What a {@link PromptPlan} may look at. Pixels are read only if it asks for them. */
public final class PromptedImage {
  private final int width;
  private final int height;
  private final Optional<ClassMask> labels;
  private final Supplier<RgbImage> pixels;

  public PromptedImage(
      int width, int height, Optional<ClassMask> labels, Supplier<RgbImage> pixels) {
    this.width = width;
    this.height = height;
    this.labels = labels;
    this.pixels = pixels;
  }

  public int width() {
    return width;
  }

  public int height() {
    return height;
  }

  /** Empty where the image is unlabelled. */
  public Optional<ClassMask> labels() {
    return labels;
  }

  /**
   * The labels, which must lie on the image.
   *
   * @throws IllegalArgumentException where they have another size than the image
   */
  Optional<ClassMask> fittingLabels() {
    labels.ifPresent(
        mask -> {
          if (mask.width() != width || mask.height() != height) {
            throw new IllegalArgumentException(
                "Invalid labels: %d×%d for an image of %d×%d"
                    .formatted(mask.width(), mask.height(), width, height));
          }
        });
    return labels;
  }

  /**
   * @throws IllegalArgumentException where the picture has another size than the sample says
   */
  RgbImage pixels() {
    RgbImage image = pixels.get();
    if (image.width() != width || image.height() != height) {
      throw new IllegalArgumentException(
          "Invalid picture: %d×%d for a sample of %d×%d"
              .formatted(image.width(), image.height(), width, height));
    }
    return image;
  }
}
