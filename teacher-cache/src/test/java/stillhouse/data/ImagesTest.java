package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;

class ImagesTest {
  @Test
  void planesAreRedGreenBlueInUnitRange() {
    var image = new RgbImage(2, 1, new byte[] {(byte) 255, 0, 51, 102, (byte) 153, (byte) 204});
    assertThat(Images.planes(image).shape()).containsExactly(3, 1, 2);
    assertThat(Images.planes(image).data()).containsExactly(1f, 0.4f, 0f, 0.6f, 0.2f, 0.8f);
    // One cell over both pixels reads half-way between them.
    assertThat(Images.planes(image, 1, 1).data()).containsExactly(0.7f, 0.3f, 0.5f);
  }

  @Test
  void levelsAreThePlanesBeforeTheirDivision() {
    var image = new RgbImage(2, 1, new byte[] {(byte) 255, 0, 51, 102, (byte) 153, (byte) 204});
    assertThat(Images.levels(image).data()).containsExactly(255, 102, 0, 153, 51, 204);
  }

  @Test
  void everyLevelIsItsExactShareOfWhite() {
    byte[] rgb = new byte[3 * 256];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / 3);
    }
    float[] out = new float[rgb.length + 2];
    Images.planes(rgb, out, 1);
    for (int i = 0; i < rgb.length; i++) {
      assertThat(out[1 + i]).isEqualTo((i % 256) / 255f);
    }
    assertThat(out[0] + out[out.length - 1]).isZero();
  }

  @Test
  void nearestReadsEachCellsCentre() {
    var mask = new ClassMask(4, 1, new byte[] {1, 2, 3, 4});
    assertThat(Images.nearest(mask, 2, 1).classes()).containsExactly(2, 4);
    assertThat(Images.nearest(mask, 8, 1).classes()).containsExactly(1, 1, 2, 2, 3, 3, 4, 4);
    assertThat(Images.nearest(mask, 3, 2).classes()).containsExactly(1, 3, 4, 1, 3, 4);
  }

  @Test
  void readsOnlyWhatTheDigestPromises(@TempDir Path folder) throws IOException {
    var hadoop = new Configuration();
    Path file = Files.write(folder.resolve("a b.png"), new byte[] {1, 2, 3});
    String uri = "file:" + file;
    Sha256 known = Sha256.of(new byte[] {1, 2, 3});
    assertThat(ImageReader.readVerified(uri, known, hadoop)).containsExactly(1, 2, 3);
    Files.write(file, new byte[] {1, 2, 4});
    assertThatThrownBy(() -> ImageReader.readVerified(uri, known, hadoop))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("(content-changed)")
        .hasMessageContaining("the samples table knows 039058c6f2c0; run ingest again");
    Files.delete(file);
    assertThatThrownBy(() -> ImageReader.read(uri, hadoop))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("(not-readable)");
    assertThatThrownBy(() -> ImageReader.read("", hadoop))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("(not-readable)")
        .hasMessageContaining("an empty path");
  }

  @Test
  void readsOfAListedFileNoMoreThanItHadThen(@TempDir Path folder)
      throws IOException, InterruptedException {
    var files = new ListedFiles(new Configuration());
    String uri = "file:" + Files.write(folder.resolve("a.png"), new byte[] {1, 2, 3});
    assertThat(files.read(uri, 3)).containsExactly(1, 2, 3);
    assertThatThrownBy(() -> files.read(uri, 2))
        .isInstanceOf(UnreadableImageException.class)
        .hasMessageContaining("(content-changed)")
        .hasMessageContaining(uri + " had 2 bytes when listed and more when read");
    assertThatThrownBy(() -> files.read(uri, 9))
        .hasMessageContaining("had 9 bytes when listed and 3 when read");

    // A device never ends, a pipe never begins; both are listed with no bytes.
    assertThat(files.read("file:/dev/zero", 0)).isEmpty();
    Path pipe = folder.resolve("pipe.png");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    assertThat(files.read("file:" + pipe, 0)).isEmpty();
  }
}
