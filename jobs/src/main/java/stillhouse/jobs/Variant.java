package stillhouse.jobs;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import stillhouse.conf.ConfigException;

/** What precision a run's file is in, or that it asks itself by points. */
enum Variant {
  FP32("fp32", RunRecord.ONNX),
  FP16("fp16", "student.fp16.onnx"),
  /** For TensorRT: signed activations. */
  INT8("int8", "student.int8.onnx"),
  /** For ONNX Runtime on CPUs: unsigned activations. */
  INT8_CPU("int8-cpu", "student.int8-cpu.onnx"),
  INT8_WEIGHT_ONLY("int8-weight-only", "student.int8-weight-only.onnx"),
  /** FP32, of a student of dense points: with its decoder, which it asks by itself. */
  POINTS("points", "student.fused.onnx");

  private final String word;
  private final String file;

  Variant(String word, String file) {
    this.word = word;
    this.file = file;
  }

  /** As it stands on the command line. */
  String word() {
    return word;
  }

  /** Its name in a run's folder. */
  String file() {
    return file;
  }

  /** Where the score of a run's file lies, and what else is of that file alone. */
  Path scores(Path run) {
    return this == FP32 ? run : run.resolve("variants").resolve(word);
  }

  /** Where the TensorRT engine of a run's file lies. */
  Path engine(Path run) {
    return scores(run).resolve("tensorrt");
  }

  /** What names of its metrics end with. */
  String suffix() {
    return this == FP32 ? "" : "_" + word.replace('-', '_');
  }

  /** Whether it is a file that engines are built of. */
  boolean forTensorRt() {
    return this == FP32 || this == FP16 || this == INT8 || this == POINTS;
  }

  /**
   * Whether it answers otherwise than the FP32 file on purpose, so that it is measured by labels
   * and not by what that file says.
   */
  boolean answersByItself() {
    return this == POINTS;
  }

  /** Whether it takes images to make. */
  boolean calibrated() {
    return this == INT8 || this == INT8_CPU;
  }

  static List<String> words() {
    return Arrays.stream(values()).map(Variant::word).toList();
  }

  /**
   * @throws ConfigException where {@code --variant} names none
   */
  static Variant named(String word) {
    return of(word)
        .orElseThrow(
            () ->
                new ConfigException(
                    "Invalid --variant: %s (must be one of %s)".formatted(word, words())));
  }

  static Optional<Variant> of(String word) {
    return Arrays.stream(values()).filter(v -> v.word.equals(word)).findFirst();
  }
}
