package stillhouse.jobs;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.decoder.DecoderCheck;
import stillhouse.decoder.DecoderFile;
import stillhouse.decoder.PromptKinds;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.teacher.TeacherConfig;
import stillhouse.train.DecoderTensors;

/**
 * What a run of a promptable student ships beside {@code student.onnx}, whose embedding it reads:
 * its decoder, as ONNX and as tensors, and the YAML that makes a promptable teacher of all three.
 */
final class PromptableRun {
  private static final Logger log = LoggerFactory.getLogger(PromptableRun.class);

  static final String DECODER = "student.decoder.onnx";
  private static final String TENSORS = "student.decoder.safetensors";
  static final String YAML = "promptable.yaml";

  private PromptableRun() {}

  /**
   * Writes and checks them; each takes its name whole, the YAML last.
   *
   * @param network filled with what ships, whose {@code student.onnx} is there
   * @param images [B, 3, H, W], whose embeddings the decoder is checked on
   */
  static void write(
      Path folder,
      RunRecord record,
      Network network,
      PromptableDecoder decoder,
      Map<String, String> metadata,
      NDArray images)
      throws IOException {
    Path unchecked = folder.resolve("unchecked-" + DECODER);
    DecoderFile.write(decoder, network.weights(), metadata, unchecked);
    DecoderCheck.Difference difference =
        DecoderCheck.compare(
            decoder, unchecked, network.student().forward(images, false).embedding());
    move(unchecked, folder.resolve(DECODER));
    Path tensors = folder.resolve("unchecked-" + TENSORS);
    DecoderTensors.write(decoder, network.weights(), tensors);
    move(tensors, folder.resolve(TENSORS));
    writeTeacher(folder, record, kind(decoder.config().prompts()));
    log.info(
        "Exported {}: masks differ from the network's by at most {}, predicted IoU by {}",
        folder.resolve(DECODER),
        difference.masks(),
        difference.ious());
  }

  /** The kind of teacher's decoder that is asked as this one was trained. */
  private static String kind(PromptKinds prompts) {
    return switch (prompts) {
      case ALL -> "sam";
      case DENSE_POINTS -> "dense-points";
    };
  }

  private static void writeTeacher(Path folder, RunRecord record, String kind) throws IOException {
    Path yaml = folder.resolve("unchecked-" + YAML);
    new ObjectMapper(new YAMLFactory()).writeValue(yaml.toFile(), describe(folder, record, kind));
    TeacherConfig.load(yaml);
    move(yaml, folder.resolve(YAML));
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Map<String, Object> describe(Path folder, RunRecord record, String kind)
      throws IOException {
    Map<String, Object> yaml = FreezeCommand.network(record);
    Map<String, Object> files = new LinkedHashMap<>();
    files.put("encoder", FreezeCommand.file(folder.resolve(RunRecord.ONNX)));
    files.put("decoder", FreezeCommand.file(folder.resolve(DECODER)));
    files.put("decoder-weights", FreezeCommand.file(folder.resolve(TENSORS)));
    yaml.put("files", files);
    yaml.put("name", record.name()); // two runs of a student are two teachers
    yaml.put("decoder", Map.of("kind", kind));
    return yaml;
  }
}
