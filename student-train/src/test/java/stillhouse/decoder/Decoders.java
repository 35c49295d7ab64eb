package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import stillhouse.student.Fixtures;
import stillhouse.student.Weights;

/** What tests of decoders share. */
final class Decoders {
  static final String PREFIX = "student.";

  /** One whose gradients can be held against differences, on embeddings of 2×3 cells. */
  static final PromptDecoderConfig TINY =
      new PromptDecoderConfig(16, 2, 2, 12, 2, 16, 6, 2, Upsampling.FOURFOLD, PromptKinds.ALL);

  static final PromptGrid OBLONG = new PromptGrid(2, 3, 8);

  private static final long WORD = 0xFFFFFFFFL;

  private Decoders() {}

  /** Made like the small one of {@code reference/sam_decoder.py}. */
  static PromptDecoderConfig small() {
    return new PromptDecoderConfig(
        32, 2, 4, 48, 2, 16, 24, 3, Upsampling.FOURFOLD, PromptKinds.ALL);
  }

  /** The reference script's: uniform in −1…1, by a hash of the index and the name. */
  static float[] noise(String name, long size) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    float[] values = new float[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      long h = i * 2654435761L + crc.getValue() & WORD;
      for (int round = 0; round < 2; round++) {
        h = (h ^ h >>> 16) * 0x45D9F3BL & WORD;
      }
      values[i] = (float) ((h ^ h >>> 16) / 2147483648.0 - 1);
    }
    return values;
  }

  /** The reference script's values of a tensor by its name in transformers. */
  static float[] values(String name, long... shape) {
    float[] values = noise(name, new Shape(shape).size());
    boolean norm = name.contains("norm");
    boolean meaning = name.contains("embed") || name.contains("token") && !name.contains("attn");
    double scale = 1;
    if (norm) {
      scale = 0.2;
    } else if (shape.length == 1) {
      scale = 0.1;
    } else if (!meaning) {
      scale = name.contains("upscale") ? Math.sqrt(6.0 / shape[0]) : Math.sqrt(3.0 / shape[1]);
    }
    float offset = norm && name.endsWith("weight") ? 1 : 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (offset + (float) scale * values[i]);
    }
    return values;
  }

  /** Fills a decoder with the reference's values. */
  static void fill(Weights weights) {
    for (String name : weights.names()) {
      NDArray tensor = weights.get(name);
      String published = DecoderNames.TRANSFORMERS.published(name.substring(PREFIX.length()));
      tensor.set(values(published, tensor.getShape().getShape()));
    }
  }

  static NDArray noise(NDManager manager, String name, double scale, long... shape) {
    float[] values = noise(name, new Shape(shape).size());
    for (int i = 0; i < values.length; i++) {
      values[i] *= (float) scale;
    }
    return manager.create(values, new Shape(shape));
  }

  /** [P, N, 2] of shares of the input's sides. */
  static NDArray points(NDManager manager, PromptGrid grid, int prompts, double... shares) {
    float[] pixels = new float[shares.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) (shares[i] * (i % 2 == 0 ? grid.inputWidth() : grid.inputHeight()));
    }
    return manager.create(pixels, new Shape(prompts, shares.length / 2 / prompts, 2));
  }

  static NDArray labels(NDManager manager, int prompts, int... labels) {
    float[] values = new float[labels.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = labels[i];
    }
    return manager.create(values, new Shape(prompts, labels.length / prompts));
  }

  static NDManager manager() {
    return Fixtures.manager();
  }
}
