package stillhouse.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.quantize.Activations;
import stillhouse.quantize.Calibration;
import stillhouse.quantize.HalfModel;
import stillhouse.quantize.QdqModel;
import stillhouse.quantize.QdqOptions;
import stillhouse.quantize.Target;
import stillhouse.student.Fixtures;
import stillhouse.student.Student;
import stillhouse.student.StudentOutput;
import stillhouse.student.Students;
import stillhouse.student.Weights;
import stillhouse.tensorrt.OperatorTable;

class OnnxExportTest {
  @TempDir Path folder;
  private NDManager manager;
  private Weights weights;

  @BeforeEach
  void open() {
    manager = Fixtures.manager();
    weights = new Weights(manager, 7);
  }

  @AfterEach
  void close() {
    weights.close();
    manager.close();
  }

  /**
   * The last column bounds the transposes, each of which moves a whole map: none of a convolutional
   * student, 7 of each of a TinyViT's blocks of attention (10, and 6 of the small one), 4 of a
   * neck's norms, more of a Swin's norms and patches.
   */
  @ParameterizedTest
  @CsvSource({
    "tiny-conv, 64, 64, 0",
    "tiny-conv-nonorm, 96, 64, 0",
    "wide-conv, 64, 64, 0",
    "tinyvit-1.6m, 64, 64, 70",
    "tinyvit-5m, 64, 64, 70",
    "repvit, 64, 96, 0",
    "resnet, 64, 96, 0",
    "resnet-neck, 64, 96, 0",
    "tinyvit-neck, 64, 96, 46",
    "swin, 64, 96, 69",
    "tinyvit-1.6m, 160, 96, 70" // maps of 20×12: windows of 8 need padding
  })
  void whatShipsAnswersAsWhatWasTrained(String name, int height, int width, int transposes)
      throws Exception {
    Student student = student(name, height, width);
    Path file = folder.resolve("student.onnx");
    NDArray images = Fixtures.uniform(manager, 5, 2, 3, height, width);
    if (name.equals("repvit")) {
      Fixtures.settle(student, images);
    }
    OnnxExport.write(student, weights, Map.of("stillhouse.classes", "scratch,dent"), file);
    OnnxCheck.Difference difference = OnnxCheck.compare(student, file, images);
    assertThat(difference.logits()).isLessThan(1e-4);
    assertThat(difference.embedding()).isLessThan(1e-4);

    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(OperatorTable.published().check(model)).isEmpty();
    assertThat(operators(model)).doesNotContain("BatchNormalization");
    assertThat(model.getGraph().getNodeList())
        .filteredOn(node -> node.getOpType().equals("Transpose"))
        .hasSizeLessThanOrEqualTo(transposes);
    python(student, file, images, precisions(file, images));
  }

  /**
   * The same student in other precisions, in operators and types that TensorRT takes but for the
   * CPU's.
   */
  private List<Path> precisions(Path file, NDArray images) throws IOException {
    byte[] model = Files.readAllBytes(file);
    float[] image = images.get(0).toFloatArray();
    Activations activations = Activations.of(model, List.of(image).iterator());
    List<Path> files = new ArrayList<>();
    files.add(Files.write(folder.resolve("fp16.onnx"), HalfModel.of(model)));
    for (Target target : Target.values()) {
      var options = new QdqOptions(target, Calibration.MIN_MAX, Set.of());
      byte[] rounded = QdqModel.of(model, activations, options);
      files.add(Files.write(folder.resolve(target + ".onnx"), rounded));
    }
    for (Path each : files) {
      List<OperatorTable.Finding> findings =
          OperatorTable.published().check(ModelProto.parseFrom(Files.readAllBytes(each)));
      if (each.endsWith(Target.CPU + ".onnx")) {
        assertThat(findings).isNotEmpty().allMatch(f -> f.operator().endsWith("uantizeLinear"));
      } else {
        assertThat(findings).as(each.toString()).isEmpty();
      }
    }
    return files;
  }

  @Test
  void aConvolutionalStudentIsConvolutionsAndNeverTransposes() throws IOException {
    Path file = folder.resolve("student.onnx");
    OnnxExport.write(student("tiny-conv", 64, 64), weights, Map.of(), file);
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(operators(model)).containsOnly("Sub", "Mul", "Conv", "Relu", "Add", "Resize");
    assertThat(model.getGraph().getInitializerList()).allMatch(t -> t.hasRawData());
  }

  /** Who serves a model is another user than who trained it. */
  @Test
  void theFileMayBeReadByWhomOtherFilesMayBeReadBy() throws IOException {
    Path file = folder.resolve("student.onnx");
    OnnxExport.write(student("tiny-conv", 32, 32), weights, Map.of(), file);
    Path plain = Files.createFile(folder.resolve("plain"));
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(Files.getPosixFilePermissions(plain));
    assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
  }

  @Test
  void namesItsInputsOutputsAndMaker() throws IOException {
    Path file = folder.resolve("deep/er/student.onnx");
    Student student = student("tiny-conv", 64, 96);
    OnnxExport.write(
        student, weights, Map.of("stillhouse.width", "96", "stillhouse.height", "64"), file);
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(20);
    assertThat(model.getGraph().getInput(0).getName()).isEqualTo("image");
    var dims = model.getGraph().getInput(0).getType().getTensorType().getShape().getDimList();
    assertThat(dims.get(0).getDimParam()).isEqualTo("N");
    assertThat(dims.subList(1, 4)).extracting(d -> d.getDimValue()).containsExactly(3L, 64L, 96L);
    assertThat(model.getGraph().getOutputList())
        .extracting(o -> o.getName())
        .containsExactly("logits", "embedding");
    assertThat(model.getMetadataPropsList())
        .extracting(p -> p.getKey() + "=" + p.getValue())
        .containsExactly("stillhouse.height=64", "stillhouse.width=96");
    byte[] once = Files.readAllBytes(file);
    OnnxExport.write(
        student, weights, Map.of("stillhouse.height", "64", "stillhouse.width", "96"), file);
    assertThat(Files.readAllBytes(file)).isEqualTo(once);
    try (var left = Files.list(file.getParent())) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void refusesAFileOfOtherWeights() throws IOException {
    Student student = student("tiny-conv", 64, 64);
    Path file = folder.resolve("student.onnx");
    OnnxExport.write(student, weights, Map.of(), file);
    try (NDArray bias = weights.get("student.head.bias").add(0.5)) {
      weights.get("student.head.bias").set(bias.toFloatArray());
    }
    assertThatThrownBy(
            () -> OnnxCheck.compare(student, file, Fixtures.uniform(manager, 5, 1, 3, 64, 64)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not the trained student: logits differ by up to 0.5")
        .hasMessageContaining("Export it again");
  }

  @Test
  void refusesWeightsThatAreNotFinite() {
    Student student = student("tiny-conv", 64, 64);
    weights.get("student.head.bias").set(new float[] {0, Float.NaN});
    Path file = folder.resolve("student.onnx");
    assertThatThrownBy(() -> OnnxExport.write(student, weights, Map.of(), file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Cannot export the student: tensor 'student.head.bias' holds NaN. Export an earlier"
                + " checkpoint.");
    assertThat(file).doesNotExist();
  }

  private Student student(String name, int height, int width) {
    Student student = Students.create(Fixtures.network(name), 2, height, width, weights);
    Fixtures.disturb(weights);
    return student;
  }

  private static Set<String> operators(ModelProto model) {
    return model.getGraph().getNodeList().stream()
        .map(NodeProto::getOpType)
        .collect(Collectors.toSet());
  }

  /** ONNX's own checker, and ONNX Runtime as a Python user has it, against the student. */
  private void python(Student student, Path file, NDArray images, List<Path> precisions)
      throws Exception {
    StudentOutput expected = student.forward(images, false);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getenv("STILLHOUSE_VENV"), "bin", "python").toString());
    command.add(Path.of("src/test/resources/onnx/check_student.py").toString());
    command.add(file.toString());
    command.add(raw("image", images).toString());
    command.add(raw("logits", expected.logits()).toString());
    command.add(raw("embedding", expected.embedding()).toString());
    precisions.forEach(each -> command.add(each.toString()));
    Path log = folder.resolve("python.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(process.waitFor()).as(Files.readString(log)).isZero();
  }

  private Path raw(String name, NDArray array) throws IOException {
    float[] values = array.toFloatArray();
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return Files.write(folder.resolve(name + ".f32"), bytes.array());
  }
}
