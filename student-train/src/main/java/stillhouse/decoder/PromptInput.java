package stillhouse.decoder;

import java.io.Serializable;

/**
 * The input, in pixels, that a decoder's weights were made for.
 *
 * <p>SAM's prompt encoder takes a coordinate for a pixel's corner and adds half a pixel to it. How
 * far that is in the image is what the weights have learned, so it goes with them and not with the
 * network that they lie in: of an input W pixels wide the coordinate x has the place
 *
 * <pre>
 *   u = x / W + ½ / W₀
 * </pre>
 *
 * with W₀ the width here, and rows likewise. A decoder of random values has its own input's. One
 * that starts from a teacher's weights, or is taught by a teacher's decoder, has the teacher's; so
 * one place of an image is told by one code in the teacher's file, in the teacher's decoder that is
 * asked while a student learns, in the student and in the student's file, whatever their inputs.
 */
public record PromptInput(int height, int width) implements Serializable {
  private static final long serialVersionUID = 1L;

  public PromptInput {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "Invalid input of a decoder for prompts: %d×%d (both must be at least 1)"
              .formatted(height, width));
    }
  }
}
