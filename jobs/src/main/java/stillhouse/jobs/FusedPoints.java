package stillhouse.jobs;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.TrainingView;
import stillhouse.conf.ConfigException;
import stillhouse.data.RgbImage;
import stillhouse.decoder.PointsFile;
import stillhouse.onnx.OutputDifference;
import stillhouse.points.PointSegmenter;
import stillhouse.points.PointSettings;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSource;
import stillhouse.train.ViewImages;

/**
 * Joins a student of points and its decoder, and holds the one file against the two on training
 * images.
 */
record FusedPoints(RootOption root, Configuration hadoop) {
  private static final Logger log = LoggerFactory.getLogger(FusedPoints.class);
  private static final int IMAGES = 3;
  private static final int LEVELS = 255;

  /**
   * The bytes of the one file.
   *
   * @param folder of the run, which has the two
   * @throws ConfigException where it has no decoder of points, the two do not fit, or the one says
   *     otherwise than the two
   */
  byte[] of(Path folder, RunRecord record, PointSettings settings) throws IOException {
    Path student = folder.resolve(RunRecord.ONNX);
    Path decoder = folder.resolve(PromptableRun.DECODER);
    if (!Files.isRegularFile(decoder)) {
      throw new ConfigException(
          "Cannot export %s as one file that asks itself: it has no %s. Train a student whose YAML has prompt: {densePoints: true}, such as tiny-conv-points, or leave points out of --variants."
              .formatted(record.name(), PromptableRun.DECODER));
    }
    byte[] joined;
    try {
      joined = PointsFile.of(Files.readAllBytes(student), Files.readAllBytes(decoder), settings);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "Cannot export %s as one file that asks itself: %s"
              .formatted(record.name(), e.getMessage()),
          e);
    }
    Path unchecked = folder.resolve("unchecked-" + Variant.POINTS.file());
    Files.write(unchecked, joined);
    try (OnnxSegmenter one = OnnxSource.of(unchecked, 1).open();
        PointSegmenter two = PointSegmenter.open(student, decoder, settings, 1);
        NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      TrainingView view = TrainingView.open(root.absolute(record.view()), hadoop);
      NDArray images = ViewImages.first(view, IMAGES, manager, hadoop);
      double worst = 0;
      for (int i = 0; i < images.getShape().get(0); i++) {
        RgbImage image = image(images.get(i));
        FloatBuffer joint = FloatBuffer.wrap(one.logits(image).data());
        worst = Math.max(worst, OutputDifference.largest(two.logits(image).data(), joint));
      }
      require(worst);
      log.info(
          "{} asks itself about {} places at most: logits differ from those of its two files by at most {}",
          record.name(),
          settings.points(),
          worst);
    } finally {
      Files.deleteIfExists(unchecked);
    }
    return joined;
  }

  /** RGB in 0…1, [3, H, W], as it was read. */
  private static RgbImage image(NDArray planes) {
    int height = (int) planes.getShape().get(1);
    int width = (int) planes.getShape().get(2);
    float[] values = planes.toFloatArray();
    byte[] rgb = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      int plane = i / (height * width);
      rgb[3 * (i % (height * width)) + plane] = (byte) Math.round(values[i] * LEVELS);
    }
    return new RgbImage(width, height, rgb);
  }

  private static void require(double worst) {
    if (!(worst <= OutputDifference.TOLERANCE)) {
      throw new ConfigException(
          "Cannot export %s: it says otherwise than the two files that it joins, logits differ by up to %s (at most %s). Where two places are all but equally salient, or a predicted IoU is all but a limit, rounding decides: export it again with another --points, --point-threshold or --point-min-iou."
              .formatted(Variant.POINTS.file(), worst, OutputDifference.TOLERANCE));
    }
  }
}
