package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.cache.TrainingView;
import stillhouse.data.View;
import stillhouse.loss.Draws;
import stillhouse.loss.Targets;
import stillhouse.tensor.FloatTensor;

class BatchLoaderTest implements ViewFaultTests {
  private static final int SAMPLES = 31;
  static final BatchLoader.Options PLAIN = new BatchLoader.Options(1, 1, Photometric.NONE, 2);

  private static final List<View> VIEWS =
      List.of(View.IDENTITY, View.FLIP_HORIZONTAL, View.TURN_180);

  @TempDir static Path root;
  private static TrainingView view;
  private static TrainingView mute;
  private static TrainingView views;
  private static TrainingView lacking;

  @BeforeAll
  static void make() throws IOException {
    SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate();
    view = DrawnView.make(spark, root, SAMPLES);
    mute = DrawnView.mute(spark, root.resolve("mute"), 4);
    views = DrawnView.make(spark, root.resolve("views"), SAMPLES, VIEWS);
    lacking = ViewFaultTests.lacking(spark, view, root.resolve("lacking"));
    spark.stop(); // what follows needs no Spark
  }

  @Override
  public TrainingView view() {
    return view;
  }

  @Override
  public TrainingView lacking() {
    return lacking;
  }

  @Override
  public TrainingView mute() {
    return mute;
  }

  @Test
  void batchesHoldTheSourcesValues() {
    ViewReader reader = reader(EnumSet.allOf(Column.class));
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader loader = loader(reader, PLAIN, 4, 0, 1)) {
      int seen = 0;
      while (loader.hasNext()) {
        try (NDManager step = manager.newSubManager()) {
          seen += requireSources(loader.next(step));
        }
      }
      assertThat(seen).isEqualTo(SAMPLES);
      assertThat(loader.waitedNanos()).isPositive();
    }
  }

  private static int requireSources(Batch batch) {
    long b = batch.size();
    assertThat(batch.image().getShape()).isEqualTo(new Shape(b, 3, DrawnView.H, DrawnView.W));
    assertThat(batch.targets().truth().getShape()).isEqualTo(new Shape(b, 2, 4, 6));
    assertThat(batch.targets().valid().getShape()).isEqualTo(new Shape(b, 1, 4, 6));
    for (int at = 0; at < b; at++) {
      int i = Integer.parseInt(batch.sampleIds().get(at).substring(2));
      assertThat(batch.weight()[at]).isEqualTo(1f + i);
      assertThat(batch.labelled()[at]).isEqualTo(DrawnView.masked(i));
      assertThat(floats(batch.image(), at)).containsExactly(DrawnView.image(i));
      assertThat(floats(batch.targets().teacherEmbedding(), at))
          .containsExactly(DrawnView.values(10L * i, 12));
      assertThat(floats(batch.targets().teacherLogits(), at))
          .containsExactly(DrawnView.values(10L * i + 4, 12));
      assertThat(Arrays.copyOfRange(floats(batch.targets().structure(), at), 8, 12))
          .containsExactly(DrawnView.values(10L * i + 3, 4));
      requireLabels(batch, at, i);
      assertThat(((Draws) batch.targets().noise()).sampleKeys()[at])
          .isEqualTo(SampleKey.of("s-" + i));
    }
    return batch.size();
  }

  private static void requireLabels(Batch batch, int at, int i) {
    float[] truth = floats(batch.targets().truth(), at);
    float[] valid = floats(batch.targets().valid(), at);
    byte[] mask = DrawnView.mask(i);
    for (int p = 0; p < mask.length; p++) {
      boolean counts = DrawnView.masked(i) && mask[p] != (byte) 255;
      assertThat(valid[p]).isEqualTo(counts ? 1 : 0);
      assertThat(truth[p]).isEqualTo(counts && mask[p] == 1 ? 1 : 0);
      assertThat(truth[mask.length + p]).isEqualTo(counts && mask[p] == 2 ? 1 : 0);
    }
  }

  @Test
  void ranksShareWhatOneRankWouldTake() {
    List<String> alone = ids(PLAIN, 4, 1, 0);
    List<String> shared = ids(PLAIN, 4, 4, 0);
    assertThat(shared).isEqualTo(alone);
    assertThat(alone).hasSize(2 * SAMPLES);
    assertThat(alone.subList(0, SAMPLES)).doesNotHaveDuplicates();
  }

  @Test
  void resumesInTheMiddleOfAnEpoch() {
    List<String> all = ids(PLAIN, 4, 1, 0);
    assertThat(ids(PLAIN, 4, 1, 5)).isEqualTo(all.subList(5 * 4, all.size()));
  }

  @Test
  void readsNoColumnThatNobodyNeeds() {
    ViewReader reader = reader(Set.of(Column.EMBEDDING));
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader loader = loader(reader, PLAIN, 4, 0, 1)) {
      Batch batch = loader.next(manager);
      assertThat(batch.targets().teacherEmbedding().getShape()).isEqualTo(new Shape(4, 3, 2, 2));
      assertThat(batch.targets().truth().getShape()).isEqualTo(new Shape(0));
      assertThat(batch.targets().structure().getShape()).isEqualTo(new Shape(0));
      ViewSample sample =
          ViewFaultTests.views(reader, List.of(new SampleOrder.Position(0, 0))).get(0).get(0);
      assertThat(sample.logits()).isNull();
      assertThat(sample.embedding()).isNotNull();
    }
  }

  @Test
  void aShareWithoutSamplesHasBatchZero() {
    // 31 samples in 32 slots: slot 0's range [0, ⌊31/32⌋) is empty.
    ViewReader reader = reader(EnumSet.allOf(Column.class));
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader loader = loader(reader, PLAIN, 32, 0, 32)) {
      Batch batch = loader.next(manager);
      assertThat(batch.size()).isZero();
      assertThat(batch.image().getShape()).isEqualTo(new Shape(0, 3, 4, 6));
      assertThat(batch.targets().truth().getShape()).isEqualTo(new Shape(0, 2, 4, 6));
    }
  }

  @Test
  void aFractionOfTheLabelsIsUsedAndTheRestIsLeftBlank() {
    BatchLoader.Options half = new BatchLoader.Options(1, 0.5, Photometric.NONE, 1);
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader loader = loader(reader(Set.of(Column.MASK)), half, 31, 0, 1)) {
      Batch batch = loader.next(manager);
      for (int at = 0; at < batch.size(); at++) {
        String id = batch.sampleIds().get(at);
        boolean expected =
            DrawnView.masked(Integer.parseInt(id.substring(2))) && SampleKey.labelWithin(id, 0.5);
        assertThat(batch.labelled()[at]).isEqualTo(expected);
        float validPixels = 0;
        for (float v : floats(batch.targets().valid(), at)) {
          validPixels += v;
        }
        assertThat(validPixels).isEqualTo(expected ? 18 : 0);
      }
    }
  }

  @Test
  void augmentationChangesTheInputTheSameWayWhateverTheRanks() {
    BatchLoader.Options noisy =
        new BatchLoader.Options(9, 1, new Photometric(0.5f, 0.2f, 0.05f, 5), 2);
    float[] alone = firstImages(noisy, 1);
    assertThat(firstImages(noisy, 2)).containsExactly(alone);
    assertThat(firstImages(PLAIN, 1)).isNotEqualTo(alone);
  }

  /** Every column but the weight is what it is without verdicts, byte for byte. */
  @Test
  void verdictsChangeWeightsAndNothingElse() {
    SampleWeights judged =
        SampleWeightsTest.of(
            new SampleWeightsTest.Judged("s-3", 0.25f, 0),
            new SampleWeightsTest.Judged("s-4", 2, 0));
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader plain = loader(reader(EnumSet.allOf(Column.class)), PLAIN, 4, 0, 1);
        BatchLoader changed =
            loader(reader(EnumSet.allOf(Column.class)), judgedBy(judged), 4, 0, 1)) {
      while (plain.hasNext()) {
        Batch before = plain.next(manager);
        Batch after = changed.next(manager);
        assertThat(bytes(after)).isEqualTo(bytes(before));
        assertThat(after.sampleIds()).isEqualTo(before.sampleIds());
        assertThat(after.labelled()).isEqualTo(before.labelled());
        for (int b = 0; b < before.size(); b++) {
          float factor = judged.factor(before.sampleIds().get(b), 0);
          assertThat(after.weight()[b]).isEqualTo(before.weight()[b] * factor);
        }
      }
    }
  }

  /** Several threads may want the same row group at once, and write into one buffer. */
  @Test
  void batchesAreTheSameByteForByteOfAnyNumberOfThreads() {
    Photometric noise = new Photometric(0.5f, 0.2f, 0.05f, 5);
    for (int threads : new int[] {2, 3, 16}) {
      ViewReader reader = reader(EnumSet.allOf(Column.class));
      try (NDManager manager = NDManager.newBaseManager();
          BatchLoader one =
              loader(reader(EnumSet.allOf(Column.class)), threads(1, noise), 7, 0, 1);
          BatchLoader several = loader(reader, threads(threads, noise), 7, 0, 1)) {
        while (one.hasNext()) {
          Batch expected = one.next(manager);
          Batch batch = several.next(manager);
          assertThat(batch.sampleIds()).isEqualTo(expected.sampleIds());
          assertThat(batch.labelled()).isEqualTo(expected.labelled());
          assertThat(bytes(batch)).as("%d threads", threads).isEqualTo(bytes(expected));
        }
        assertThat(reader.groupsRead()).isEqualTo(reader.rowsPerGroup().length);
      }
    }
  }

  /** A slot's row group each is what the loader asks for; two slots may share one at an end. */
  @Test
  void aCacheThatHoldsASlotsGroupsReadsNoMoreOfThemWithSeveralThreads() {
    long alone = groupsReadThroughATightCache(1);
    int groups = reader(Set.of()).rowsPerGroup().length;
    assertThat(alone).isBetween((long) groups, groups + 3L);
    assertThat(groupsReadThroughATightCache(2)).isEqualTo(alone);
    assertThat(groupsReadThroughATightCache(5)).isEqualTo(alone);
  }

  private static long groupsReadThroughATightCache(int threads) {
    Set<Column> all = EnumSet.allOf(Column.class);
    long bytes = 4 * reader(all).groupBytes();
    ViewReader tight = new ViewReader(view, "train", all, bytes, new Configuration());
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader loader = loader(tight, threads(threads, Photometric.NONE), 4, 0, 1)) {
      while (loader.hasNext()) {
        loader.next(manager);
      }
    }
    return tight.groupsRead();
  }

  private static BatchLoader.Options threads(int threads, Photometric photometric) {
    return new BatchLoader.Options(3, 1, photometric, 2, threads, SampleWeights.NONE);
  }

  private static List<ByteBuffer> bytes(Batch batch) {
    Targets targets = batch.targets();
    return Stream.of(
            batch.image(),
            targets.truth(),
            targets.valid(),
            targets.teacherLogits(),
            targets.teacherEmbedding(),
            targets.structure())
        .map(tensor -> ByteBuffer.wrap(tensor.toByteArray()))
        .toList();
  }

  private static BatchLoader.Options judgedBy(SampleWeights weights) {
    return new BatchLoader.Options(1, 1, Photometric.NONE, 2, 1, weights);
  }

  /** Over two epochs; a sample's step lacks it, and no other sample moves. */
  @Test
  void aSampleEntersInItsEpochWhateverTheRanksAndMovesNoOther() {
    BatchLoader.Options judged =
        judgedBy(
            SampleWeightsTest.of(
                new SampleWeightsTest.Judged("s-3", 1, 1),
                new SampleWeightsTest.Judged("s-4", 0, 0)));
    List<String> all = ids(PLAIN, 4, 1, 0);
    List<String> first = new ArrayList<>(all.subList(0, SAMPLES));
    first.removeAll(List.of("s-3", "s-4"));
    List<String> second = new ArrayList<>(all.subList(SAMPLES, 2 * SAMPLES));
    second.remove("s-4");
    List<String> expected = new ArrayList<>(first);
    expected.addAll(second);
    assertThat(ids(judged, 4, 1, 0)).isEqualTo(expected);
    assertThat(ids(judged, 4, 4, 0)).isEqualTo(expected);
    List<String> resumed = new ArrayList<>(all.subList(5 * 4, SAMPLES));
    resumed.removeAll(List.of("s-3", "s-4"));
    resumed.addAll(second);
    assertThat(ids(judged, 4, 1, 5)).as("resumed at step 5").isEqualTo(resumed);
  }

  @Test
  void eachSlotReadsItsRowGroupsOnce() {
    ViewReader reader = reader(Set.of());
    SampleOrder order = new SampleOrder(reader.rowsPerGroup(), 3, 4);
    for (int step = 0; step < order.steps(); step++) {
      ViewFaultTests.views(reader, order.share(0, step, 0, 1));
    }
    // A group cut between two slots is read by each: at most one more for each cut.
    int groups = reader.rowsPerGroup().length;
    assertThat(reader.groupsRead()).isBetween((long) groups, groups + 3L);
  }

  @Test
  void refusesACacheThatItsSlotsWouldThrash() {
    ViewReader small = new ViewReader(view, "train", Set.of(), 1000, new Configuration());
    assertThatThrownBy(() -> loader(small, PLAIN, 8, 0, 1))
        .hasMessageContaining("Invalid cacheBytes: 1000 (this rank's 8 slots")
        .hasMessageContaining("1728 bytes");
  }

  @Test
  void aSampleShowsOneOfItsViewsWithThatViewsAnswers() {
    List<String> first = drawn(4, 1, 0, 0);
    assertThat(first).hasSize(SAMPLES);
    assertThat(first.stream().map(drawn -> drawn.split(" ")[0])).doesNotHaveDuplicates();
    for (View view : VIEWS) {
      assertThat(first).filteredOn(drawn -> drawn.endsWith(" " + view)).hasSizeBetween(4, 18);
    }
    assertThat(drawn(4, 1, 1, 0)).doesNotContainSequence(first).hasSize(SAMPLES);
    assertThat(views.info().samples("train")).isEqualTo(SAMPLES);
    assertThat(views.info().rows("train")).isEqualTo(SAMPLES * VIEWS.size());
  }

  @Test
  void whichViewItShowsDependsNeitherOnTheRanksNorOnAResume() {
    List<String> alone = drawn(4, 1, 1, 0);
    List<String> shared = new ArrayList<>();
    for (int rank = 0; rank < 4; rank++) {
      shared.addAll(drawn(4, 4, 1, rank));
    }
    assertThat(shared).containsExactlyInAnyOrderElementsOf(alone);
    assertThat(drawn(8, 1, 1, 0)).containsExactlyInAnyOrderElementsOf(alone);
  }

  /** One rank's samples of one epoch, each with the view that it shows. */
  private static List<String> drawn(int batch, int ranks, int epoch, int rank) {
    ViewReader reader =
        new ViewReader(views, "train", EnumSet.allOf(Column.class), 1 << 20, new Configuration());
    SampleOrder order = new SampleOrder(reader.rowsPerGroup(), 1, batch);
    List<String> drawn = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader loader =
            new BatchLoader(reader, order, PLAIN, rank, ranks, epoch, 0, epoch + 1)) {
      while (loader.hasNext()) {
        Batch read = loader.next(manager);
        for (int at = 0; at < read.size(); at++) {
          drawn.add(read.sampleIds().get(at) + " " + requireView(read, at));
        }
      }
    }
    return drawn;
  }

  /** The view that a sample's embedding is of; its pixels and labels are of the same. */
  private static View requireView(Batch batch, int at) {
    int i = Integer.parseInt(batch.sampleIds().get(at).substring(2));
    float offset =
        floats(batch.targets().teacherEmbedding(), at)[0] - DrawnView.values(10L * i, 12)[0];
    View view = View.values()[Math.round(offset / 100)];
    assertThat(floats(batch.image(), at))
        .containsExactly(view.of(plane(3, DrawnView.image(i))).data());
    float[] ones = new float[DrawnView.H * DrawnView.W];
    for (int p = 0; p < ones.length; p++) {
      ones[p] = DrawnView.masked(i) && DrawnView.mask(i)[p] == 1 ? 1 : 0;
    }
    assertThat(Arrays.copyOf(floats(batch.targets().truth(), at), ones.length))
        .containsExactly(view.of(plane(1, ones)).data());
    return view;
  }

  private static FloatTensor plane(int channels, float[] values) {
    return new FloatTensor(new int[] {channels, DrawnView.H, DrawnView.W}, values);
  }

  private static float[] firstImages(BatchLoader.Options options, int ranks) {
    List<Float> values = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int rank = 0; rank < ranks; rank++) {
        try (BatchLoader loader = loader(reader(Set.of()), options, 4, rank, ranks)) {
          for (float v : loader.next(manager).image().toFloatArray()) {
            values.add(v);
          }
        }
      }
    }
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  /** Ids of two epochs in the order of step and slot. */
  private static List<String> ids(BatchLoader.Options options, int batch, int ranks, int step) {
    List<String> ids = new ArrayList<>();
    List<BatchLoader> loaders = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int rank = 0; rank < ranks; rank++) {
        ViewReader reader = reader(Set.of());
        SampleOrder order = new SampleOrder(reader.rowsPerGroup(), 1, batch);
        loaders.add(new BatchLoader(reader, order, options, rank, ranks, 0, step, 2));
      }
      while (loaders.get(0).hasNext()) {
        loaders.forEach(loader -> ids.addAll(loader.next(manager).sampleIds()));
      }
    } finally {
      loaders.forEach(BatchLoader::close);
    }
    return ids;
  }

  static BatchLoader loader(
      ViewReader reader, BatchLoader.Options options, int batch, int rank, int ranks) {
    SampleOrder order = new SampleOrder(reader.rowsPerGroup(), 1, batch);
    return new BatchLoader(reader, order, options, rank, ranks, 0, 0, 1);
  }

  private static ViewReader reader(Set<Column> columns) {
    return new ViewReader(view, "train", columns, 1 << 20, new Configuration());
  }

  private static float[] floats(NDArray array, int at) {
    return array.get(at).toFloatArray();
  }
}
