package stillhouse.train;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.PublishedDecoder;
import stillhouse.student.Weights;

/** A trained decoder as a safetensors file under SAM's names, which other decoders start from. */
public final class DecoderTensors {
  private DecoderTensors() {}

  /**
   * @param weights that {@code decoder} was made in
   */
  public static void write(PromptableDecoder decoder, Weights weights, Path file)
      throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      Tensors.write(
          out, PublishedDecoder.tensors(decoder, weights), PublishedDecoder.metadata(decoder));
    }
  }
}
