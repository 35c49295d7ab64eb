package stillhouse.predict;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;

/** Images with red and green rectangles, and the model that finds them. */
final class Drawn {
  private Drawn() {}

  static Path model(String name) {
    return Path.of("src/test/resources/models").resolve(name);
  }

  /** A file as {@link #model} gives it with another graph. */
  static Path changed(String name, Path file, Consumer<GraphProto.Builder> change) {
    try {
      ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(model(name))).toBuilder();
      change.accept(model.getGraphBuilder());
      return Files.write(file, model.build().toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file whose second logit is no number of any image. */
  static Path broken(Path file) {
    return changed(
        "tiny_segmenter.onnx",
        file,
        graph -> {
          for (int i = 0; i < graph.getInitializerCount(); i++) {
            if (graph.getInitializer(i).getName().equals("bias")) {
              graph.setInitializer(
                  i,
                  graph.getInitializer(i).toBuilder()
                      .clearRawData()
                      .addFloatData(-2)
                      .addFloatData(Float.NaN));
            }
          }
        });
  }

  /** A truth of red (1) and green (2) rectangles, some ignored. */
  static ClassMask truth(long seed, int width, int height) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] labels = new byte[width * height];
    for (int label : new int[] {1, 2, ClassMask.IGNORE}) {
      int x0 = random.nextInt(width / 2);
      int y0 = random.nextInt(height / 2);
      int side = 2 + random.nextInt(height / 2 - 2);
      for (int y = y0; y < y0 + side; y++) {
        for (int x = x0; x < Math.min(x0 + side, width); x++) {
          labels[y * width + x] = (byte) label;
        }
      }
    }
    return new ClassMask(width, height, labels);
  }

  /** The truth as light, with noise. */
  static RgbImage image(long seed, ClassMask truth) {
    SplittableRandom random = new SplittableRandom(~seed);
    byte[] rgb = new byte[3 * truth.classes().length];
    for (int i = 0; i < rgb.length; i++) {
      int label = truth.classes()[i / 3] & 0xff;
      rgb[i] = (byte) (random.nextInt(90) + (label == i % 3 + 1 ? 160 : 0));
    }
    return new RgbImage(truth.width(), truth.height(), rgb);
  }

  static byte[] png(ClassMask mask) {
    var picture = new BufferedImage(mask.width(), mask.height(), BufferedImage.TYPE_BYTE_GRAY);
    picture.getRaster().setDataElements(0, 0, mask.width(), mask.height(), mask.classes());
    var bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(picture, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static ClassMask decode(byte[] png) {
    try (InputStream in = new ByteArrayInputStream(png)) {
      BufferedImage picture = ImageIO.read(in);
      byte[] labels = new byte[picture.getWidth() * picture.getHeight()];
      picture.getRaster().getDataElements(0, 0, picture.getWidth(), picture.getHeight(), labels);
      return new ClassMask(picture.getWidth(), picture.getHeight(), labels);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
