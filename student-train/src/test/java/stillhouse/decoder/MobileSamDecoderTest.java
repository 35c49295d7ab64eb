package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.ImageCodec;
import stillhouse.student.PublishedWeights;
import stillhouse.student.Weights;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.tensor.FloatTensor;

/**
 * MobileSAM's own weights: its decoder here against its ONNX file, about real pictures. Runs where
 * {@code teacher fetch mobile-sam} has been and NEU-Seg is, and is skipped elsewhere.
 */
class MobileSamDecoderTest {
  private static final int PICTURES = 2;
  private static final double WITHIN = 1e-3; // of logits of some tens
  private static final PromptGrid GRID = new PromptGrid(64, 64, 16);
  private static final float[] BOX = {200, 150, 700, 820};
  private static final float[] POINT = {430, 520, 0, 0};
  private static final float[] TWO = {430, 520, 90, 120, 0, 0};

  @TempDir Path folder;

  @Test
  void answersAsItsOnnxFileDoes() throws IOException, OrtException {
    TeacherConfig config = TeacherConfig.load(Path.of("../conf/teachers/mobile-sam.yaml"));
    Path cache = TeacherFiles.defaultCache();
    assumeTrue(
        Files.isDirectory(cache.resolve(config.files().decoderWeights().sha256())),
        "MobileSAM's decoder is not in " + cache + " (stillhouse teacher fetch mobile-sam)");
    Optional<Path> neuSeg = Optional.ofNullable(System.getenv("STILLHOUSE_NEU_SEG")).map(Path::of);
    assumeTrue(neuSeg.isPresent(), "NEU-Seg is not here: set STILLHOUSE_NEU_SEG to its folder");

    try (NDManager manager = Decoders.manager();
        Weights weights = new Weights(manager, 1);
        Teacher teacher = TeacherFiles.resolve(config, cache).open();
        OrtSession session =
            OrtEnvironment.getEnvironment()
                .createSession(TeacherFiles.resolve(config, cache).decoder())) {
      PromptableDecoder decoder =
          PromptableDecoder.create(PromptDecoderConfig.sam(), GRID, "teacher.", weights);
      weights.train(name -> false);
      PublishedWeights.Report report =
          PublishedDecoder.load(
              TeacherFiles.decoderWeights(config, cache), decoder, weights, NDArray::set);
      assertThat(report.taken()).hasSameSizeAs(weights.names());
      assertThat(report.leftOut()).isEmpty();
      for (Path picture : pictures(neuSeg.get())) {
        Map<String, FloatTensor> features =
            teacher.encode(List.of(ImageCodec.decodeRgb(Files.readAllBytes(picture)))).get(0);
        NDArray image = manager.create(features.get("embedding").data(), new Shape(1, 256, 64, 64));
        assertSame(picture + " by a box", decoder, session, image, BOX, 2, 3);
        assertSame(picture + " by a point", decoder, session, image, POINT, 1, -1);
        assertSame(picture + " by two points", decoder, session, image, TWO, 1, 0, -1);
      }
      Path file = folder.resolve("decoder.onnx");
      DecoderFile.write(decoder, weights, Map.of(), file);
      NDArray any = Decoders.noise(manager, "image", 0.1, 1, 256, 64, 64);
      assertThat(DecoderCheck.compare(decoder, file, any).masks()).isLessThan(WITHIN);
    }
  }

  private static List<Path> pictures(Path neuSeg) throws IOException {
    try (Stream<Path> files = Files.list(neuSeg.resolve("images/test"))) {
      return files.sorted().limit(PICTURES).toList();
    }
  }

  private static void assertSame(
      String name,
      PromptableDecoder decoder,
      OrtSession session,
      NDArray image,
      float[] points,
      int... labels)
      throws OrtException {
    NDManager manager = image.getManager();
    NDArray at = manager.create(points, new Shape(1, labels.length, 2));
    NDArray which = Decoders.labels(manager, 1, labels);
    PromptedMasks answer = decoder.forward(image, at, which, false).alternatives();
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    inputs.put("image_embeddings", tensor(image));
    inputs.put("point_coords", tensor(at));
    inputs.put("point_labels", tensor(which));
    inputs.put("mask_input", tensor(manager.zeros(new Shape(1, 1, 256, 256))));
    inputs.put("has_mask_input", tensor(manager.zeros(new Shape(1))));
    inputs.put("orig_im_size", tensor(manager.create(new float[] {1024, 1024})));
    try (OrtSession.Result result = session.run(inputs)) {
      double masks = largest(answer.masks(), result, "low_res_masks");
      double ious = largest(answer.ious(), result, "iou_predictions");
      assertThat(masks).as(name).isLessThan(WITHIN);
      assertThat(ious).as(name).isLessThan(WITHIN);
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor tensor(NDArray values) throws OrtException {
    return OnnxTensor.createTensor(
        OrtEnvironment.getEnvironment(),
        FloatBuffer.wrap(values.toFloatArray()),
        values.getShape().getShape());
  }

  private static double largest(NDArray expected, OrtSession.Result result, String output) {
    FloatBuffer theirs = ((OnnxTensor) result.get(output).orElseThrow()).getFloatBuffer();
    float[] mine = expected.toFloatArray();
    assertThat(theirs.remaining()).isEqualTo(mine.length);
    double largest = 0;
    for (int i = 0; i < mine.length; i++) {
      largest = Math.max(largest, Math.abs((double) mine[i] - theirs.get(i)));
    }
    return largest;
  }
}
