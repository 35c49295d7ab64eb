package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.identity.Sha256;

/** Frames of more pixels than are decoded at once: a region of them is. */
class LargeFrameTest {
  private static final int WIDTH = 8200;
  private static final int HEIGHT = 4100; // 33.6 million, just over 2^25
  private static final Tiles TILES = new Tiles(512, 512, 64, 1_000_000);
  private static final Tile REGION = new Tile(7688, 3588, 512, 512); // the last tile

  private static byte[] gray;
  private static byte[] png;
  private static byte[] jpeg;

  @BeforeAll
  static void draw() throws IOException {
    var image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
    gray = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
    for (int y = 0; y < HEIGHT; y++) {
      Arrays.fill(gray, y * WIDTH, (y + 1) * WIDTH, (byte) (y / 32));
      Arrays.fill(gray, y * WIDTH + 8000, y * WIDTH + 8000 + y / 32 + 1, (byte) 200);
    }
    png = write(image, "png");
    jpeg = write(image, "jpg");
  }

  @Test
  void aRegionHasThePixelsOfTheWhole() {
    byte[] expected = REGION.cut(new ClassMask(WIDTH, HEIGHT, gray)).classes();
    RgbImage ofPng = ImageCodec.decodeRgb(png, REGION);
    RgbImage ofJpeg = ImageCodec.decodeRgb(jpeg, REGION);
    for (int i = 0; i < expected.length; i++) {
      assertThat(ofPng.rgb()[3 * i + 1]).isEqualTo(expected[i]);
      assertThat((ofJpeg.rgb()[3 * i + 2] & 0xff) - (expected[i] & 0xff)).isBetween(-40, 40);
    }
  }

  @Test
  void isCutWhereTheDataSetCutsItAndElseRefused() {
    assertThat(ImageCodec.check(png, TILES))
        .isEqualTo(new Picture(WIDTH, HEIGHT, Orientation.UPRIGHT));
    assertThatThrownBy(() -> ImageCodec.check(png, Tiles.NONE))
        .hasMessage(
            "Unreadable image (too-large): 8200×4100 pixels (at most 33554432); set tiles: in the"
                + " data set's YAML");
    assertThatThrownBy(() -> ImageCodec.decodeRgb(png)).hasMessageContaining("(too-large)");
    assertThatThrownBy(() -> ImageCodec.check(Arrays.copyOf(jpeg, jpeg.length / 2), TILES))
        .hasMessageContaining("(truncated)");
    byte[] progressive = jpeg.clone();
    progressive[frame(jpeg) + 1] = (byte) 0xc2;
    assertThatThrownBy(() -> ImageCodec.check(progressive, TILES))
        .hasMessage(
            "Unreadable image (too-large): 8200×4100 pixels (at most 33554432 where it is a"
                + " progressive JPEG); write it as a baseline JPEG");
  }

  @Test
  void itsTilesAreReadByRows(@TempDir Path folder) throws IOException {
    SparkSession spark = Sessions.local();
    Path file = Files.write(folder.resolve("frame.png"), png);
    String sha256 = Sha256.of(png).hex();
    HadoopImages images = HadoopImages.of(spark);
    Tile left = new Tile(0, REGION.y(), 512, 512);
    assertThat(images.read("file:" + file, sha256, Optional.of(left)).rgb()[0])
        .isEqualTo((byte) (REGION.y() / 32));
    Files.delete(file); // its neighbours were decoded with it
    RgbImage right = images.read("file:" + file, sha256, Optional.of(REGION));
    assertThat(right.rgb()[3 * (8010 - REGION.x())]).isEqualTo((byte) 200);
    Tile above = new Tile(0, 0, 512, 512);
    assertThatThrownBy(() -> images.read("file:" + file, sha256, Optional.of(above)))
        .hasMessageContaining("(not-readable)");
  }

  private static int frame(byte[] jpeg) {
    for (int at = 2; ; at++) {
      if (jpeg[at] == (byte) 0xff && jpeg[at + 1] == (byte) 0xc0) {
        return at;
      }
    }
  }

  private static byte[] write(BufferedImage image, String format) throws IOException {
    var out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    return out.toByteArray();
  }
}
