package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ImageCodecTest {
  @Property(tries = 50)
  void whatIsEncodedIsDecoded(
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll long seed) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    byte[] classes = new byte[width * height];
    new Random(seed + 1).nextBytes(classes);
    RgbImage image = ImageCodec.decodeRgb(ImageCodec.encodePng(new RgbImage(width, height, rgb)));
    ClassMask mask =
        ImageCodec.decodeMask(ImageCodec.encodePng(new ClassMask(width, height, classes)));
    assertThat(image.rgb()).isEqualTo(rgb);
    assertThat(image.width()).isEqualTo(width);
    assertThat(mask.classes()).isEqualTo(classes);
    assertThat(mask.height()).isEqualTo(height);
  }

  @Test
  void grayIsRepeatedAndNotBrightened() throws IOException {
    RgbImage image = ImageCodec.decodeRgb(write(gray(8, new int[] {0, 100, 255, 7}), "png"));
    assertThat(image.rgb()).isEqualTo(bytes(0, 0, 0, 100, 100, 100, 255, 255, 255, 7, 7, 7));
  }

  @Test
  void grayJpegKeepsItsLevel() throws IOException {
    var flat = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    int[] level = new int[256];
    Arrays.fill(level, 100);
    flat.getRaster().setPixels(0, 0, 16, 16, level);
    byte[] rgb = ImageCodec.decodeRgb(write(flat, "jpg")).rgb();
    assertThat(rgb).containsOnly((byte) 100);
  }

  @Test
  void sixteenBitsAreRoundedToEight() throws IOException {
    // 128·257 is 8-bit 128 exactly; 32 768 + 127 lies under the next half, 33 025 over it.
    RgbImage image =
        ImageCodec.decodeRgb(write(gray(16, new int[] {128 * 257, 33_023, 33_025, 65_535}), "png"));
    assertThat(image.rgb())
        .isEqualTo(bytes(128, 128, 128, 128, 128, 128, 129, 129, 129, 255, 255, 255));
  }

  @Test
  void aPaletteIsLookedUpInAnImageAndLeftAloneInAMask() throws IOException {
    byte[] png = palette();
    assertThat(ImageCodec.decodeRgb(png).rgb())
        .isEqualTo(bytes(0, 0, 0, 200, 30, 10, 0, 90, 0, 200, 30, 10));
    assertThat(ImageCodec.decodeMask(png).classes()).isEqualTo(bytes(0, 1, 2, 1));
  }

  @Test
  void alphaIsDroppedAndColoursStand() throws IOException {
    var image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x10_c8_1e_0a);
    assertThat(ImageCodec.decodeRgb(write(image, "png")).rgb()).isEqualTo(bytes(200, 30, 10));
  }

  @Test
  void refusesAnRgbMaskA16BitMaskAndAJpegMask() throws IOException {
    var rgb = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
    refused(
        () -> ImageCodec.decodeMask(write(rgb, "png")),
        "mask-format",
        "mask is an 8-bit RGB PNG (must be a gray or palette PNG of at most 8 bits, its values"
            + " class indices)");
    byte[] deep = write(gray(16, new int[] {1, 2, 3, 4}), "png");
    assertThatThrownBy(() -> ImageCodec.decodeMask(deep)).hasMessageContaining("a 16-bit gray PNG");
    assertThatThrownBy(() -> ImageCodec.decodeMask(write(rgb, "jpg")))
        .hasMessageContaining("a JPEG, whose compression changes class indices");
  }

  @Test
  void refusesEveryTruncationOfAJpegAndAPng() throws IOException {
    for (byte[] whole : new byte[][] {photo("jpg"), photo("png")}) {
      for (int length = 1; length < whole.length; length += 37) {
        byte[] part = Arrays.copyOf(whole, length);
        assertThatThrownBy(() -> ImageCodec.decodeRgb(part))
            .isInstanceOf(UnreadableImageException.class);
      }
      byte[] half = Arrays.copyOf(whole, whole.length / 2);
      assertThatThrownBy(() -> ImageCodec.decodeRgb(half))
          .extracting(e -> ((UnreadableImageException) e).reason())
          .isEqualTo("truncated");
    }
  }

  @Test
  void refusesAJpegWhoseMiddleIsMissing() throws IOException {
    byte[] whole = photo("jpg");
    byte[] gap = Arrays.copyOf(whole, whole.length / 2);
    gap[gap.length - 2] = (byte) 0xff;
    gap[gap.length - 1] = (byte) 0xd9;
    assertThatThrownBy(() -> ImageCodec.decodeRgb(gap))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("JPEG decoder: ");
  }

  @Test
  void refusesAPngWithAFlippedBit() throws IOException {
    byte[] png = photo("png");
    png[png.length / 2] ^= 4;
    assertThatThrownBy(() -> ImageCodec.decodeRgb(png))
        .hasMessageStartingWith("Unreadable image (corrupt): CRC of the IDAT chunk");
  }

  @Test
  void refusesNothingAndWhatIsNoPicture() {
    refused(() -> ImageCodec.decodeRgb(new byte[0]), "empty", "0 bytes");
    refused(
        () -> ImageCodec.decodeRgb("GIF89a..".getBytes(StandardCharsets.US_ASCII)),
        "unknown-format",
        "neither JPEG, PNG, TIFF nor BMP: starts with 4749463839612e2e");
  }

  @Test
  void inksAreMultipliedByBlack() throws IOException {
    // A TIFF's inks are not inverted: C 51 and K 0 leave 204, and K 102 leaves 3/5 of that.
    byte[] tiff = inks(51, 0, 255, 0, 51, 0, 255, 102);
    assertThat(ImageCodec.decodeRgb(tiff).rgb()).isEqualTo(bytes(204, 255, 0, 122, 153, 0));
  }

  @Test
  void turnsAPictureUpright() throws IOException {
    RgbImage stored = ImageCodec.decodeRgb(oriented(1));
    RgbImage turned = ImageCodec.decodeRgb(oriented(6));
    assertThat(turned.width()).isEqualTo(32);
    assertThat(turned.height()).isEqualTo(48);
    // A quarter turn clockwise: the top row is the stored left column from its bottom up.
    for (int x = 0; x < 32; x++) {
      assertThat(turned.rgb()[3 * x]).isEqualTo(stored.rgb()[3 * 48 * (31 - x)]);
    }
  }

  @Test
  void refusesAHeaderThatClaimsAHugePictureBeforeDecodingIt() throws IOException {
    byte[] png = photo("png");
    resize(png, 100_000, 100_000);
    assertThatThrownBy(() -> ImageCodec.decodeRgb(png))
        .hasMessageStartingWith("Unreadable image (too-large): 100000×100000 pixels");
  }

  @Test
  void refusesAPngWithTooFewRows() throws IOException {
    byte[] png = photo("png");
    resize(png, 48, 64);
    assertThatThrownBy(() -> ImageCodec.decodeRgb(png))
        .hasMessageStartingWith("Unreadable image (corrupt): PNG decoder: ");
  }

  @Test
  void aColourProfileDoesNotRecolourAJpeg() throws IOException {
    byte[] jpeg = photo("jpg");
    byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    ByteBuffer out = ByteBuffer.allocate(jpeg.length + 18 + profile.length);
    int start = 20; // behind the start marker and APP0
    out.put(jpeg, 0, start).putShort((short) 0xffe2).putShort((short) (16 + profile.length));
    out.put("ICC_PROFILE\0\1\1".getBytes(StandardCharsets.US_ASCII)).put(profile);
    out.put(jpeg, start, jpeg.length - start);
    assertThat(ImageCodec.decodeRgb(out.array()).rgb()).isEqualTo(ImageCodec.decodeRgb(jpeg).rgb());
  }

  private static void refused(ThrowingCallable decode, String reason, String detail) {
    assertThatThrownBy(decode)
        .isInstanceOf(UnreadableImageException.class)
        .hasMessage("Unreadable image (" + reason + "): " + detail);
  }

  /** An EXIF segment with one entry, the orientation, put behind the start marker. */
  private static byte[] oriented(int orientation) throws IOException {
    byte[] jpeg = photo("jpg");
    ByteBuffer out = ByteBuffer.allocate(jpeg.length + 36);
    out.put(jpeg, 0, 2).putShort((short) 0xffe1).putShort((short) 34);
    out.put(new byte[] {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42}).putInt(8);
    out.putShort((short) 1).putShort((short) 0x0112).putShort((short) 3).putInt(1);
    out.putShort((short) orientation).putShort((short) 0).putInt(0);
    return out.put(jpeg, 2, jpeg.length - 2).array();
  }

  /** Rewrites a PNG's header and its CRC. */
  private static void resize(byte[] png, int width, int height) {
    CRC32 crc = new CRC32();
    ByteBuffer.wrap(png).putInt(16, width).putInt(20, height);
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
  }

  /** A TIFF of one row of CMYK pixels. */
  private static byte[] inks(int... samples) {
    int[][] tags = {
      {256, samples.length / 4},
      {257, 1},
      {258, 8},
      {259, 1},
      {262, 5},
      {273, 8 + 2 + 9 * 12 + 4},
      {277, 4},
      {278, 1},
      {279, samples.length},
    };
    ByteBuffer out = ByteBuffer.allocate(8 + 2 + 9 * 12 + 4 + samples.length);
    out.put(new byte[] {'M', 'M', 0, 42}).putInt(8).putShort((short) tags.length);
    for (int[] tag : tags) {
      out.putShort((short) tag[0]).putShort((short) 4).putInt(1).putInt(tag[1]);
    }
    return out.putInt(0).put(bytes(samples)).array();
  }

  private static byte[] photo(String format) throws IOException {
    var image = new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(5);
    for (int i = 0; i < 48 * 32; i++) {
      image.setRGB(i % 48, i / 48, random.nextInt(1 << 24));
    }
    return write(image, format);
  }

  private static BufferedImage gray(int bits, int[] values) {
    int type = bits == 16 ? BufferedImage.TYPE_USHORT_GRAY : BufferedImage.TYPE_BYTE_GRAY;
    var image = new BufferedImage(2, 2, type);
    image.getRaster().setPixels(0, 0, 2, 2, values);
    return image;
  }

  private static byte[] palette() throws IOException {
    var colours = new IndexColorModel(8, 3, bytes(0, 200, 0), bytes(0, 30, 90), bytes(0, 10, 0));
    WritableRaster raster = colours.createCompatibleWritableRaster(2, 2);
    raster.setPixels(0, 0, 2, 2, new int[] {0, 1, 2, 1});
    return write(new BufferedImage(colours, raster, false, null), "png");
  }

  private static byte[] write(BufferedImage image, String format) throws IOException {
    var out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    return out.toByteArray();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
