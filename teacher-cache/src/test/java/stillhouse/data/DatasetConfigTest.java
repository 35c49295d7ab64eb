package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Fingerprint;
import stillhouse.scene.Scenes;
import stillhouse.tensor.DType;

class DatasetConfigTest {
  private static final String MINIMAL =
      """
      name: plates
      classes: [scratch, dent]
      sources: [{images: images, split: hash}]
      input: {height: 64, width: 96}
      """;

  @TempDir Path folder;

  @Test
  void leftOutKeysHaveDefaults() throws IOException {
    DatasetConfig config = load(MINIMAL);
    assertThat(config.ignore()).isEqualTo(255);
    assertThat(config.splitSeed()).isZero();
    assertThat(config.groupPattern()).isEmpty();
    assertThat(config.prompts().source()).isEqualTo(PromptSettings.Source.LABEL_BOXES);
    assertThat(config.prompts().minArea()).isEqualTo(1);
    assertThat(config.sources().get(0).masks()).isEmpty();
    assertThat(config.sources().get(0).subset()).isEqualTo(Subset.ALL);
    assertThat(config.cache()).isEqualTo(new DatasetConfig.Cache(DType.FP16, 7));
    assertThat(load(MINIMAL + "cache: {encoding: fp32}\n").cache())
        .isEqualTo(new DatasetConfig.Cache(DType.FP32, 7));
  }

  @Test
  void everyKeyArrives() throws IOException {
    DatasetConfig config =
        load(
            """
            name: plates
            classes: [scratch, dent]
            ignore: 254
            sources:
              - {images: "${data}/images", masks: ../masks, split: train-val, share: 0.25, limit: 40}
              - {images: "s3a://bucket/more", split: test}
            groupPattern: "^(part\\\\d+)"
            splitSeed: -3
            input: {height: 64, width: 96}
            prompts: {source: label-boxes, minArea: 12}
            cache: {encoding: int8, structureRadius: 3}
            """);
    assertThat(config.classes()).containsExactly("scratch", "dent");
    assertThat(config.ignore()).isEqualTo(254);
    DatasetConfig.Source first = config.sources().get(0);
    assertThat(first.images()).isEqualTo("/mnt/plates/images");
    assertThat(first.masks())
        .as("relative to the file")
        .contains("file:" + folder.toAbsolutePath().resolveSibling("masks"));
    assertThat(first.split()).isEqualTo(SplitRule.TRAIN_VAL);
    assertThat(first.subset()).isEqualTo(new Subset(0.25, 40));
    assertThat(config.sources().get(1).images()).isEqualTo("s3a://bucket/more");
    assertThat(config.groupPattern().get().pattern()).isEqualTo("^(part\\d+)");
    assertThat(config.splitSeed()).isEqualTo(-3);
    assertThat(config.input()).isEqualTo(new DatasetConfig.Input(64, 96));
    assertThat(config.prompts().minArea()).isEqualTo(12);
    assertThat(config.cache()).isEqualTo(new DatasetConfig.Cache(DType.INT8, 3));
  }

  @Test
  void framesAreCutWhereItIsAskedFor() throws IOException {
    DatasetConfig plain = load(MINIMAL);
    assertThat(plain.tiles()).isEqualTo(Tiles.NONE);
    assertThat(plain.crops()).isEqualTo(Crops.NONE);
    DatasetConfig cut =
        load(
            MINIMAL
                + """
                tiles: {height: 256, width: 512, overlap: 64, whenLarger: 1000000}
                crops: {size: 128, perDefect: 2, perClass: 3, background: 1}
                """);
    assertThat(cut.tiles()).isEqualTo(new Tiles(256, 512, 64, 1_000_000));
    assertThat(cut.crops()).isEqualTo(new Crops(128, 2, 3, 1));
    DatasetConfig brief = load(MINIMAL + "tiles: {height: 64, width: 96}\ncrops: {size: 64}\n");
    assertThat(brief.tiles()).isEqualTo(new Tiles(64, 96, 0, 64 * 96));
    assertThat(brief.crops()).isEqualTo(new Crops(64, 1, 8, 0));

    var source = plain.sources().get(0);
    assertThat(cut.settings(source)).isNotEqualTo(plain.settings(source));
    assertThat(brief.settings(source)).isNotEqualTo(cut.settings(source));
    DatasetConfig turned = load(MINIMAL.replace("split: hash", "split: hash, orientation: stored"));
    assertThat(turned.sources().get(0).orientation()).contains(MaskOrientation.STORED);
    assertThat(turned.settings(turned.sources().get(0))).isNotEqualTo(plain.settings(source));
    assertThat(plain.settings(source))
        .as("settings of before stay: files are not read anew")
        .isEqualTo(
            Fingerprint.of("ingest")
                .add("classes", 2)
                .add("ignore", 255)
                .add("groupPattern", "")
                .add("splitSeed", 0)
                .add("split", SplitRule.HASH)
                .digest());
  }

  @Test
  void refusesCutsThatCannotBe() {
    refused(
        MINIMAL + "tiles: {height: 64, width: 96, overlap: 33}\n",
        ": Invalid tiles.overlap: 33 (must be 0…32, half of the smaller side)");
    refused(MINIMAL + "tiles: {height: 64}\n", "tiles.width: is missing");
    refused(MINIMAL + "tiles: {height: 16, width: 64}\n", "tiles.height");
    refused(MINIMAL + "crops: {size: 64, perDefects: 1}\n", "perDefects");
    refused(MINIMAL.replace("split: hash", "split: hash, orientation: left"), "[upright, stored]");
  }

  @Test
  void readsWhichLayersAreProjected() throws IOException {
    DatasetConfig.Cache cache =
        load(MINIMAL
                + "cache: {encoding: int8, projection: {channels: 64, sample: 32, layers: [a,"
                + " b]}}\n")
            .cache();
    assertThat(cache)
        .isEqualTo(
            new DatasetConfig.Cache(DType.INT8, 7)
                .withProjection(new DatasetConfig.Projection(64, 32, List.of("a", "b"))));
    DatasetConfig.Projection least =
        load(MINIMAL + "cache: {projection: {channels: 64}}\n").cache().projection().get();
    assertThat(least).isEqualTo(new DatasetConfig.Projection(64, 256, List.of()));
    assertThat(least.layers("embedding")).containsExactly("embedding");
  }

  @Test
  void namesAVariableThatHasNoValue() {
    refused(
        MINIMAL.replace("images: images", "images: \"${plates}/images\""),
        ": no value for ${plates} (given: data)");
    Path file = folder.resolve("plates.yaml");
    assertThatThrownBy(() -> DatasetConfig.load(file, Map.of()))
        .hasMessageContaining("(given: none); set it: --set ");
  }

  @Test
  void refusesWhatTheSchemaDoesNotAllow() {
    refused(MINIMAL + "colour: red\n", "colour");
    refused(MINIMAL.replace("name: plates\n", ""), "name: is missing");
    refused(MINIMAL.replace("[scratch, dent]", "[]"), "classes");
    refused(MINIMAL.replace("dent]", "scratch]"), "classes");
    refused(MINIMAL.replace("split: hash", "split: some"), "[hash, train-val, train, val, test]");
    refused(MINIMAL.replace("height: 64", "height: 65"), "height");
    refused(MINIMAL + "cache: {encoding: bf16}\n", "[fp32, fp16, int8]");
    refused(MINIMAL + "cache: {views: [identity, mirror]}\n", "cache.views");
    refused(MINIMAL + "cache: {views: [turn-90]}\n", "must have identity among them");
    refused(MINIMAL + "cache: {structureRadius: 0}\n", "cache.structureRadius");
    refused(MINIMAL + "cache: {structureRadius: 65}\n", "cache.structureRadius");
    refused(MINIMAL + "cache: {projection: {sample: 9}}\n", "cache.projection.channels");
    refused(MINIMAL + "cache: {projection: {channels: 0}}\n", "cache.projection.channels");
    refused(MINIMAL + "cache: {projection: {channels: 8, sample: 0}}\n", "projection.sample");
    refused(MINIMAL + "cache: {projection: {channels: 8, layers: []}}\n", "projection.layers");
    refused(MINIMAL.replace("split: hash", "split: hash, limit: 0"), "limit");
    refused(MINIMAL.replace("split: hash", "split: hash, share: 0"), "share");
    refused(MINIMAL.replace("split: hash", "split: hash, share: 1.5"), "share");
    refused(
        MINIMAL + "prompts: {source: guesses}\n", "[label-boxes, label-points, grid, saliency]");
  }

  @Test
  void refusesWhatASchemaCannotSay() {
    refused(MINIMAL + "ignore: 2\n", ": Invalid ignore: 2 is the class dent");
    refused(MINIMAL + "groupPattern: part\n", "Invalid groupPattern: 'part' has no group ( … )");
    refused(MINIMAL + "groupPattern: \"(part\"\n", "Invalid groupPattern: '(part': Unclosed group");
    refused(
        MINIMAL.replace("images: images", "images: /x, masks: /x"),
        "Invalid source: masks lie among the images in /x; give them a folder of their own");
    refused(
        MINIMAL.replace("images: images", "images: /x/y, masks: \"file:/x//y/\""),
        "Invalid source: masks lie among the images in /x/y");
    refused(
        MINIMAL.replace("[{images: images, split: hash}]", twice("{images: /x, split: hash}")),
        "Invalid sources: /x is there twice");
    refused(
        MINIMAL.replace(
            "[{images: images, split: hash}]",
            "[{layout: coco, images: /x, annotations: /x.json, split: hash}, {images: /x/y, split: hash}]"),
        "Invalid sources: /x/y lies in /x, whose folders are entered too");
  }

  @Test
  void theFilesOfConfLoad() {
    Path datasets = Path.of("..", "conf", "datasets");
    DatasetConfig neu =
        DatasetConfig.load(datasets.resolve("neu-seg.yaml"), Map.of("NEU_SEG", "/data/neu"));
    assertThat(neu.classes()).containsExactly("inclusion", "patches", "scratches");
    assertThat(neu.sources())
        .extracting(DatasetConfig.Source::split)
        .containsExactly(SplitRule.TRAIN_VAL, SplitRule.TEST);
    assertThat(neu.sources().get(1).masks()).contains("/data/neu/annotations/test");
    DatasetConfig drawn =
        DatasetConfig.load(datasets.resolve("drawn-scenes.yaml"), Map.of("SCENES", "/data/s"));
    assertThat(drawn.classes()).isEqualTo(Scenes.CLASSES);
    assertThat(drawn.input()).isEqualTo(new DatasetConfig.Input(128, 128));
    for (String prompts : List.of("boxes", "saliency")) {
      Path file = datasets.resolve("neu-seg-defect-" + prompts + ".yaml");
      DatasetConfig defects = DatasetConfig.load(file, Map.of("NEU_SEG", "/data/neu"));
      assertThat(defects.classes()).containsExactly("defect");
      assertThat(defects.prompts().source().text()).endsWith(prompts);
    }
  }

  @Test
  void everyLayoutsKeysArrive() throws IOException {
    assertThat(layout("values: {7: scratch, 9: ignore}, others: ignore"))
        .isEqualTo(
            new IndexMasks(
                IndexMasks.Tree.FLAT,
                Optional.of(new TreeMap<>(Map.of(0, 0, 7, 1, 9, 255, 255, 255))),
                Layout.Others.IGNORE));
    assertThat(layout("layout: ade20k, masks: m, others: background"))
        .isEqualTo(
            new IndexMasks(
                IndexMasks.Tree.FLAT,
                Optional.of(new TreeMap<>(Map.of(1, 1, 2, 2))),
                Layout.Others.BACKGROUND));
    assertThat(layout("layout: class-files, masks: m, overlap: refuse"))
        .isEqualTo(new ClassFiles(List.of("scratch", "dent"), Layout.Overlap.REFUSE));
    var names = new TreeMap<>(Map.of("scratch", 1, "dent", 2, "bump", 2, "dirt", 255));
    assertThat(layout("layout: labelme, annotations: images, labels: {bump: dent, dirt: ignore}"))
        .isEqualTo(
            new Labelme(
                new LabelTable(names, Layout.Others.REFUSE),
                Layout.Overlap.LAST,
                Layout.OtherShapes.REFUSE));
    assertThat(
            layout(
                "layout: coco, annotations: a.json, others: background, overlap: ignore, crowd:"
                    + " drop, otherShapes: skip"))
        .isEqualTo(
            new Coco(
                new LabelTable(
                    new TreeMap<>(Map.of("scratch", 1, "dent", 2)), Layout.Others.BACKGROUND),
                Layout.Overlap.IGNORE,
                Layout.Crowd.DROP,
                Layout.OtherShapes.SKIP));
  }

  @Test
  void anotherLayoutIsAnotherSetting() throws IOException {
    DatasetConfig plain = load(MINIMAL);
    DatasetConfig named = load(MINIMAL.replace("split: hash", "split: hash, layout: png"));
    DatasetConfig other = load(MINIMAL.replace("split: hash", "split: hash, layout: ade20k"));
    assertThat(named.settings(named.sources().get(0)))
        .isEqualTo(plain.settings(plain.sources().get(0)));
    assertThat(plain.settings(plain.sources().get(0)).hex())
        .as("as before there were layouts: its samples are known")
        .isEqualTo("e8ee2b5112b228c0963073891e15e6bd781e70253ff68e77842d1c5806630dfa");
    assertThat(other.settings(other.sources().get(0)))
        .isNotEqualTo(plain.settings(plain.sources().get(0)));
  }

  @Test
  void refusesKeysAndNamesThatAreNotTheLayouts() {
    String source = "split: hash";
    refused(
        MINIMAL.replace(source, source + ", crowd: drop"),
        "crowd is no key of layout png (it has: masks, others, values)");
    refused(
        MINIMAL.replace(source, source + ", layout: coco, masks: m"),
        "masks is no key of layout coco (it has: annotations, crowd, labels, otherShapes, others,"
            + " overlap)");
    refused(
        MINIMAL.replace(source, source + ", layout: sa-1b"),
        "Invalid classes: [scratch, dent]; the masks of layout sa-1b are of no class");
    refused(
        MINIMAL.replace(source, source + ", layout: cityscapes"),
        "Invalid classes: 'scratch' is no label of Cityscapes (they are: unlabeled, ");
    refused(
        MINIMAL.replace(source, source + ", values: {7: rust}"),
        "Invalid values: 'rust' is no class (there are: scratch, dent, background, ignore)");
    refused(MINIMAL.replace(source, source + ", values: {256: dent}"), "256");
    refused(MINIMAL.replace(source, source + ", layout: voc"), "[png, class-files, labelme, coco,");
    refused(
        MINIMAL.replace(source, source + ", layout: class-files, masks: images"),
        "Invalid source: masks lie among the images");
  }

  @Test
  void thePublicDataSetsOfConfLoad() {
    Map<String, Integer> classes =
        Map.of(
            "cityscapes",
            19,
            "ade20k",
            150,
            "coco-2017",
            80,
            "sa-1b",
            1,
            "labelme",
            2,
            "class-files",
            2);
    Map<String, String> folders =
        Map.of("CITYSCAPES", "/c", "ADE20K", "/a", "COCO", "/o", "SA1B", "/s", "PARTS", "/p");
    classes.forEach(
        (name, count) -> {
          Path file = Path.of("..", "conf", "datasets", name + ".yaml");
          DatasetConfig config = DatasetConfig.load(file, folders);
          assertThat(config.name()).isEqualTo(name);
          assertThat(config.classes()).as(name).hasSize(count);
          assertThat(config.sources().get(0).masks()).isPresent();
          assertThat(config.sources().get(0).layout()).isNotEqualTo(Layout.DEFAULT);
        });
  }

  @Test
  void theExamplesOfTheDocumentationLoad() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "datasets.md"));
    Matcher example = Pattern.compile("(?m)^    name: .*\\n(    .*\\n)+").matcher(page);
    Map<String, String> folders = Map.of("CITYSCAPES", "/c", "ADE20K", "/a", "SA1B", "/s");
    int loaded = 0;
    while (example.find()) {
      Path file = Files.writeString(folder.resolve("e.yaml"), example.group().indent(-4));
      assertThat(DatasetConfig.load(file, folders).sources()).hasSize(1);
      loaded++;
    }
    assertThat(loaded).isEqualTo(7);
  }

  private Layout layout(String keys) throws IOException {
    return load(MINIMAL.replace("split: hash", "split: hash, " + keys)).sources().get(0).layout();
  }

  private static String twice(String source) {
    return "[" + source + ", " + source + "]";
  }

  private void refused(String yaml, String part) {
    assertThatThrownBy(() -> load(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Invalid configuration " + folder.resolve("plates.yaml"))
        .hasMessageContaining(part);
  }

  private DatasetConfig load(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("plates.yaml"), yaml);
    return DatasetConfig.load(file, Map.of("data", "/mnt/plates"));
  }
}
