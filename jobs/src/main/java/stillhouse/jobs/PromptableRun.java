package stillhouse.jobs;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.decoder.DecoderCheck;
import stillhouse.decoder.DecoderFile;
import stillhouse.decoder.PromptKinds;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.ProposalFile;
import stillhouse.identity.Sha256;
import stillhouse.student.ProposalHead;
import stillhouse.student.StudentConfig;
import stillhouse.teacher.GranularityPrior;
import stillhouse.teacher.TeacherConfig;
import stillhouse.train.DecoderTensors;

/**
 * What a run of a promptable student ships beside {@code student.onnx}, whose embedding it reads:
 * its decoder, as ONNX and as tensors, what proposes boxes, where the run trained that, and the
 * YAML that makes a promptable teacher of them.
 *
 * @param network filled with what ships, whose {@code student.onnx} is there
 */
record PromptableRun(
    Path folder,
    RunRecord record,
    Network network,
    PromptableDecoder decoder,
    Optional<ProposalHead> proposals) {
  private static final Logger log = LoggerFactory.getLogger(PromptableRun.class);

  private static final ObjectMapper MAPPER = new ObjectMapper(new YAMLFactory());

  static final String DECODER = "student.decoder.onnx";
  private static final String TENSORS = "student.decoder.safetensors";
  private static final String PROPOSALS = "student.proposals.onnx";
  static final String YAML = "promptable.yaml";

  /** What is there of them beside {@code student.onnx}; the YAML, which names the others, last. */
  static List<Path> files(Path folder) {
    return Stream.of(DECODER, TENSORS, PROPOSALS, YAML)
        .map(folder::resolve)
        .filter(Files::isRegularFile)
        .toList();
  }

  /**
   * Whether a run's folder has what its {@link #YAML} pins, as it was written. Of a student that
   * takes no prompts nothing is to be there.
   */
  static boolean isWhole(Path folder, RunRecord record) throws IOException {
    Path student = folder.resolve(record.studentFile());
    if (!Files.isRegularFile(student) || StudentConfig.load(student).prompt() == null) {
      return true;
    }
    Path yaml = folder.resolve(YAML);
    if (!Files.isRegularFile(yaml)) {
      return false;
    }
    try {
      for (JsonNode file : MAPPER.readTree(yaml.toFile()).path("files")) {
        Path pinned = folder.resolve(file.path("source").asText().replaceFirst("^file:", ""));
        if (!Files.isRegularFile(pinned)
            || !Sha256.ofFile(pinned).hex().equals(file.path("sha256").asText())) {
          return false;
        }
      }
      return true;
    } catch (JsonProcessingException e) { // a YAML that is damaged is made again with its files
      return false;
    }
  }

  /**
   * Writes and checks them; each takes its name whole, the YAML last.
   *
   * @param images [B, 3, H, W], whose embeddings decoder and proposals are checked on
   */
  void write(Map<String, String> metadata, NDArray images) throws IOException {
    NDArray embeddings = network.student().forward(images, false).embedding();
    Path unchecked = folder.resolve("unchecked-" + DECODER);
    DecoderFile.write(decoder, network.weights(), metadata, unchecked);
    DecoderCheck.Difference difference = DecoderCheck.compare(decoder, unchecked, embeddings);
    move(unchecked, DECODER);
    Path tensors = folder.resolve("unchecked-" + TENSORS);
    DecoderTensors.write(decoder, network.weights(), tensors);
    move(tensors, TENSORS);
    log.info(
        "Exported {}: masks differ from the network's by at most {}, predicted IoU by {}",
        folder.resolve(DECODER),
        difference.masks(),
        difference.ious());
    if (proposals.isPresent()) {
      writeProposals(proposals.get(), metadata, embeddings);
    }
    writeTeacher();
  }

  private void writeProposals(ProposalHead head, Map<String, String> metadata, NDArray embeddings)
      throws IOException {
    Path unchecked = folder.resolve("unchecked-" + PROPOSALS);
    ProposalFile.write(head, decoder.grid(), network.weights(), metadata, unchecked);
    ProposalFile.Difference difference = ProposalFile.compare(head, unchecked, embeddings);
    move(unchecked, PROPOSALS);
    log.info(
        "Exported {}: scores differ from the network's by at most {}, distances by {} cells",
        folder.resolve(PROPOSALS),
        difference.scores(),
        difference.distances());
  }

  /** The kind of teacher's decoder that is asked as this one was trained. */
  private static String kind(PromptKinds prompts) {
    return switch (prompts) {
      case ALL -> "sam";
      case DENSE_POINTS -> "dense-points";
    };
  }

  private void writeTeacher() throws IOException {
    Path yaml = folder.resolve("unchecked-" + YAML);
    MAPPER.writeValue(yaml.toFile(), describe());
    TeacherConfig.load(yaml);
    move(yaml, YAML);
  }

  private void move(Path from, String name) throws IOException {
    Files.move(
        from,
        folder.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private Map<String, Object> describe() throws IOException {
    Map<String, Object> yaml = FreezeCommand.network(record);
    Map<String, Object> files = new LinkedHashMap<>();
    files.put("encoder", FreezeCommand.file(folder.resolve(RunRecord.ONNX)));
    files.put("decoder", FreezeCommand.file(folder.resolve(DECODER)));
    files.put("decoder-weights", FreezeCommand.file(folder.resolve(TENSORS)));
    if (proposals.isPresent()) {
      files.put("proposals", FreezeCommand.file(folder.resolve(PROPOSALS)));
    }
    yaml.put("files", files);
    yaml.put("name", record.name()); // two runs of a student are two teachers
    yaml.put("decoder", Map.of("kind", kind(decoder.config().prompts())));
    if (proposals.isPresent()) {
      Map<String, Object> granularity = new LinkedHashMap<>();
      granularity.put("nearest", GranularityPrior.DEFAULT.nearest());
      granularity.put("minScore", GranularityPrior.DEFAULT.minScore());
      yaml.put("granularity", granularity);
    }
    return yaml;
  }
}
