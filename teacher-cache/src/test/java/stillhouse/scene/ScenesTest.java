package stillhouse.scene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.ImageCodec;
import stillhouse.identity.Fingerprint;
import stillhouse.scene.Scenes.Surface;

class ScenesTest {
  @Test
  void aScenesPixelsAreFrozen() {
    assertThat(digest(Scenes.metal(107, 192))).isEqualTo("c6f28e58319a");
    assertThat(digest(Scenes.rock(100, 192))).isEqualTo("292a6f73fd2d");
  }

  @Property(tries = 8)
  void aSeedIsAScene(@ForAll long seed) {
    assertThat(digest(Scenes.metal(seed, 64))).isEqualTo(digest(Scenes.metal(seed, 64)));
    assertThat(digest(Scenes.rock(seed, 64))).isNotEqualTo(digest(Scenes.rock(seed + 1, 64)));
  }

  @Test
  void everyClassAppearsAndSomePlatesAreClean() {
    BitSet seen = new BitSet();
    int clean = 0;
    for (int i = 0; i < 60; i++) {
      BitSet present = classes(Scenes.draw(7, i, 192));
      assertThat(present.get(Rocks.FRAGMENT)).isEqualTo(i % 3 == 2);
      clean += present.cardinality() == 1 ? 1 : 0;
      seen.or(present);
    }
    assertThat(seen.stream().boxed()).containsExactly(0, 1, 2, 3, 4);
    assertThat(clean).isBetween(1, 12);
  }

  @Test
  void rockIsDenseButNotSolid() {
    for (int i = 0; i < 10; i++) {
      byte[] mask = Scenes.rock(i, 192).mask().classes();
      long stone = IntStream.range(0, mask.length).filter(p -> mask[p] == Rocks.FRAGMENT).count();
      assertThat(stone / (double) mask.length).isBetween(0.55, 0.85);
    }
  }

  @Test
  void defectsDifferFromThePlateBesideThem() {
    double contrast = 0;
    for (int i = 0; i < 20; i++) {
      Scene scene = Scenes.metal(i, 192);
      double pinholes = mean(scene, Defects.PINHOLE);
      contrast += Double.isNaN(pinholes) ? 0 : mean(scene, 0) - pinholes;
    }
    assertThat(contrast / 20).as("pinholes are darker, of 255").isGreaterThan(20);
  }

  @Test
  void aSurfaceAloneDrawsTheScenesOfTheMixtureThatShowIt() {
    for (int i = 0; i < 6; i++) {
      byte[] mixed = Scenes.draw(7, i, 64).image().rgb();
      byte[] metal = Scenes.draw(7, i, 64, Surface.METAL).image().rgb();
      byte[] rock = Scenes.draw(7, i, 64, Surface.ROCK).image().rgb();
      assertThat(mixed)
          .isEqualTo(i % 3 == 2 ? rock : metal)
          .isNotEqualTo(i % 3 == 2 ? metal : rock);
    }
  }

  @Test
  void writesItsFoldersAndNothingElseAndLeavesWhatIsRight(@TempDir Path dir) throws IOException {
    SceneWriter.write(dir, 4, 7, 64, Surface.MIXED);
    assertThat(tree(dir))
        .containsExactly(
            "images/00000.png",
            "images/00001.png",
            "images/00002.png",
            "images/00003.png",
            "masks/00000.png",
            "masks/00001.png",
            "masks/00002.png",
            "masks/00003.png");
    Path second = dir.resolve("masks/00002.png");
    assertThat(ImageCodec.decodeMask(Files.readAllBytes(second)).classes())
        .isEqualTo(Scenes.draw(7, 2, 64).mask().classes());
    FileTime before = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(second, before);
    SceneWriter.write(dir, 5, 7, 64, Surface.MIXED);
    assertThat(Files.getLastModifiedTime(second)).isEqualTo(before);
    assertThatThrownBy(() -> SceneWriter.write(dir, 4, 7, 64, Surface.MIXED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Cannot write 4 scenes to "
                + dir.resolve("images")
                + ": 00004.png is none of them; give an empty folder");
  }

  @Test
  void overwritesNoPictureAndGoesOnAfterAStop(@TempDir Path dir) throws IOException {
    SceneWriter.write(dir, 1, 7, 64, Surface.MIXED);
    Path half = Files.writeString(dir.resolve("images/00001.png.part"), "half");
    SceneWriter.write(dir, 2, 7, 64, Surface.MIXED);
    assertThat(half).doesNotExist();
    Path mine = dir.resolve("images/00000.png");
    Files.writeString(mine, "a photo");
    assertThatThrownBy(() -> SceneWriter.write(dir, 2, 7, 64, Surface.MIXED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Cannot write scenes over "
                + mine
                + ": it is another picture, or a scene of another seed, size or surface; give an empty folder");
    assertThat(mine).hasContent("a photo");
  }

  @Test
  void refusesASizeOrCountOutOfRange(@TempDir Path dir) {
    assertThatThrownBy(() -> Scenes.metal(1, 31))
        .hasMessage("Invalid scene size: 31 (must be 32…4096)");
    assertThatThrownBy(() -> SceneWriter.write(dir, 0, 1, 64, Surface.MIXED))
        .hasMessage("Invalid count of scenes: 0 (must be 1…100000)");
  }

  private static List<String> tree(Path dir) throws IOException {
    try (Stream<Path> files = Files.walk(dir)) {
      return files
          .filter(Files::isRegularFile)
          .map(f -> dir.relativize(f).toString())
          .sorted()
          .toList();
    }
  }

  private static String digest(Scene scene) {
    return Fingerprint.of("scene")
        .add("image", scene.image().rgb())
        .add("mask", scene.mask().classes())
        .digest()
        .brief();
  }

  private static BitSet classes(Scene scene) {
    BitSet present = new BitSet();
    for (byte value : scene.mask().classes()) {
      present.set(value);
    }
    return present;
  }

  private static double mean(Scene scene, int label) {
    byte[] mask = scene.mask().classes();
    return IntStream.range(0, mask.length)
        .filter(p -> mask[p] == label)
        .map(p -> scene.image().rgb()[3 * p + 1] & 0xff)
        .average()
        .orElse(Double.NaN);
  }
}
