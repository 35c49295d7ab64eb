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
 * @param bytes of both files
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
    return new TeacherCosts(
        encoderMillis,
        onnx ? OnnxParameters.of(encoder) : OptionalLong.empty(),
        onnx ? OnnxParameters.of(decoder) : OptionalLong.empty(),
        Files.size(encoder) + (own ? Files.size(decoder) : 0));
  }
}
