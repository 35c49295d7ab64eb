package stillhouse.decoder;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import stillhouse.onnx.OnnxExport;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.Weights;

/**
 * A decoder as an ONNX file of SAM's format, which a teacher's YAML reads with {@code decoder:
 * {kind: sam}}.
 */
public final class DecoderFile {
  private DecoderFile() {}

  /**
   * Writes the decoder; the file appears whole or not at all.
   *
   * @param weights that {@code decoder} was made in
   * @throws IllegalArgumentException where one of its tensors is not finite
   */
  public static void write(
      PromptableDecoder decoder, Weights weights, Map<String, String> metadata, Path file)
      throws IOException {
    OnnxExport.requireFinite(weights, decoder.prefix());
    OnnxGraph graph = new OnnxGraph("prompt-decoder");
    decoder.export(graph);
    OnnxExport.write(graph, metadata, file);
  }
}
