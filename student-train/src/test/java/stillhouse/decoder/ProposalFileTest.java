package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.student.Fixtures;
import stillhouse.student.ProposalHead;
import stillhouse.student.Student;
import stillhouse.student.Weights;
import stillhouse.tensorrt.OperatorTable;

/** A head that proposes boxes, and what ships of it. */
class ProposalFileTest {
  private static final PromptGrid GRID = new PromptGrid(8, 6, 4);

  @TempDir Path folder;
  private NDManager manager;
  private Weights weights;
  private ProposalHead head;

  @BeforeEach
  void open() {
    manager = Decoders.manager();
    weights = new Weights(manager, 7);
    head = ProposalHead.create(Fixtures.config("tiny-conv-prompt-prior"), weights);
  }

  @AfterEach
  void close() {
    weights.close();
    manager.close();
  }

  /** 3×3 from 64 to 32 and from 32 to 32 channels with γ and β; 1×1 to one and to four, biased. */
  @Test
  void itsParametersAreCounted() {
    assertThat(weights.parameterCount(Student.PREFIX))
        .isEqualTo(64 * 32 * 9 + 2 * 32 + 32 * 32 * 9 + 2 * 32 + 33 + 4 * 33)
        .isEqualTo(27_941);
  }

  /** Focal loss's start, and boxes of four by four cells; the 1×1 convolutions start small. */
  @Test
  void atFirstACellInAHundredIsAnObjectOfFourByFourCells() {
    NDArray embedding = Decoders.noise(manager, "image", 1, 2, 64, 8, 6);
    ProposalHead.Maps maps = head.forward(embedding, true);
    double score = 0;
    for (float z : maps.objectness().toFloatArray()) {
      score += 1 / (1 + Math.exp(-z)) / 96;
    }
    assertThat(score).isCloseTo(0.01, within(0.005));
    assertThat(maps.distances().mean().getFloat()).isCloseTo(2f, within(0.5f));
    assertThat(maps.distances().min().getFloat()).isPositive();
    assertThat(maps.distances().getShape().getShape()).containsExactly(2, 4, 8, 6);
  }

  @Test
  void whatShipsProposesAsWhatWasTrained() throws IOException {
    NDArray embeddings = Decoders.noise(manager, "image", 1, 3, 64, 8, 6);
    for (int i = 0; i < 5; i++) {
      head.forward(embeddings, true); // running statistics that are not those of the start
    }
    Path file = folder.resolve("proposals.onnx");
    ProposalFile.write(head, GRID, weights, Map.of("stillhouse.run", "r"), file);

    ProposalFile.Difference difference = ProposalFile.compare(head, file, embeddings);

    assertThat(difference.scores()).isLessThan(1e-5);
    assertThat(difference.distances()).isLessThan(1e-4);
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(OperatorTable.published().check(model)).isEmpty();
    head.forward(embeddings, true);
    NDArray bias = weights.get("student.proposals.distances.bias");
    bias.set(new float[] {9, 9, 9, 9});
    assertThatThrownBy(() -> ProposalFile.compare(head, file, embeddings))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not the trained head: scores differ by up to")
        .hasMessageContaining("Export it again from the checkpoint it names.");
    bias.set(new float[] {Float.NaN, 0, 0, 0});
    assertThatThrownBy(() -> ProposalFile.write(head, GRID, weights, Map.of(), file))
        .hasMessageContaining("tensor 'student.proposals.distances.bias' holds NaN");
  }
}
