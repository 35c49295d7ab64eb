package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import stillhouse.predict.OnnxParameters;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherConfig;

/**
 * What a promptable teacher costs on this machine.
 *
 * @param encoderMillis the median for an image, preprocessing included
 * @param encoderParameters empty where the file does not tell
 * @param decoderParameters with those of what proposes boxes
 * @param bytes of all files
 */
record TeacherCosts(
    double encoderMillis,
    OptionalLong encoderParameters,
    OptionalLong decoderParameters,
    long bytes) {
  static TeacherCosts of(LocalTeacher source, double encoderMillis) throws IOException {
    Path encoder = Path.of(source.encoder());
    Path decoder = Path.of(source.decoder());
    boolean onnx = source.config().engine() == TeacherConfig.Engine.ONNXRUNTIME;
    boolean own = !encoder.equals(decoder);
    OptionalLong asked = onnx ? OnnxParameters.of(decoder) : OptionalLong.empty();
    long bytes = Files.size(encoder) + (own ? Files.size(decoder) : 0);
    if (source.proposals() != null) {
      Path proposals = Path.of(source.proposals());
      OptionalLong its = OnnxParameters.of(proposals);
      asked =
          asked.isPresent() && its.isPresent()
              ? OptionalLong.of(asked.getAsLong() + its.getAsLong())
              : OptionalLong.empty();
      bytes += Files.size(proposals);
    }
    return new TeacherCosts(
        encoderMillis, onnx ? OnnxParameters.of(encoder) : OptionalLong.empty(), asked, bytes);
  }
}
