package stillhouse.cache;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.MetadataBuilder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Half;
import stillhouse.tensor.Resize;
import stillhouse.tensor.TensorColumn;

class TrainingViewTest {
  private static final int ROWS = 40;

  @TempDir static Path root;
  private static SparkSession spark;
  private static TrainingView view;

  @BeforeAll
  static void materialise() {
    spark = Sessions.local();
    view = make(DrawnRows.of(spark, ROWS));
  }

  @Test
  void holdsEveryRowOfItsSplit() {
    assertThat(view.reused()).isFalse();
    assertThat(view.info().rows()).isEqualTo(Map.of("train", 32L, "val", 8L));
    Dataset<Row> data = spark.read().parquet(data(view));
    assertThat(data.select("sample_id").distinct().count()).isEqualTo(ROWS);
    assertThat(data.where("split = 'val'").count()).isEqualTo(8);
  }

  /** Whoever has a view of images as they are finds it again: its name is what it always was. */
  @Test
  void aViewOfImagesAsTheyAreKeepsItsName() {
    assertThat(view.info().digest())
        .isEqualTo("d803798b8c82399a4576c65e39962a7f649172f1b1c7066e8912ebd3bd0d6c27");
    assertThat(view.info().views()).containsExactly(View.IDENTITY);
  }

  @Test
  void aSamplesViewsStandTogetherWithTheVeryPixelsOfTheImage() {
    List<View> views = List.of(View.IDENTITY, View.FLIP_VERTICAL, View.TURN_180);
    TrainingView seen =
        TrainingView.materialise(
            spark,
            root.toString(),
            request(views),
            DrawnRows::image,
            DrawnRows.of(spark, ROWS, views));
    assertThat(seen.info().rows()).isEqualTo(Map.of("train", 96L, "val", 8L));
    assertThat(seen.info().samples("train")).isEqualTo(32);
    assertThat(seen.info().samples("val")).isEqualTo(8);
    assertThat(seen.info().rowsPerGroup()).as("2 samples").isEqualTo(6);
    assertThat(seen.info().digest()).isNotEqualTo(view.info().digest());
    List<Row> rows =
        spark
            .read()
            .parquet(data(seen))
            .where("sample_id = 'sample-7'")
            .selectExpr("view", "pixels", "mask", "_metadata.row_index AS at")
            .orderBy("at")
            .collectAsList();
    assertThat(rows)
        .extracting(row -> row.getString(0))
        .containsExactly("identity", "flip-vertical", "turn-180");
    assertThat(rows.get(2).getLong(3) - rows.get(0).getLong(3)).isEqualTo(2);
    byte[] pixels = stored(7).getAs("pixels");
    byte[] mask = stored(7).getAs("mask");
    for (Row row : rows) {
      View shown = View.of(row.getString(0));
      assertThat((byte[]) row.get(1)).isEqualTo(shown.of(new RgbImage(6, 4, pixels)).rgb());
      assertThat((byte[]) row.get(2)).isEqualTo(shown.of(new ClassMask(6, 4, mask)).classes());
    }
  }

  @Test
  void refusesASampleThatLacksAView() {
    List<View> views = List.of(View.IDENTITY, View.TURN_90);
    Dataset<Row> rows =
        DrawnRows.of(spark, 4, views).where("sample_id != 'sample-1' OR view = 'identity'");
    assertThatThrownBy(
            () ->
                TrainingView.materialise(
                    spark, root.toString(), request(views), DrawnRows::image, rows))
        .hasMessage(
            "Invalid rows of a training view: split 'train' has 7 rows of 4 samples in the views"
                + " [identity, turn-90]. Give each training sample a row in each, the others one.");
  }

  private static ViewRequest request(List<View> views) {
    ViewRequest plain = DrawnRows.REQUEST;
    return new ViewRequest(
        plain.classes(),
        plain.height(),
        plain.width(),
        plain.gridHeight(),
        plain.gridWidth(),
        plain.logitsHeight(),
        plain.logitsWidth(),
        plain.projectionDimensions(),
        plain.rowsPerGroup(),
        views,
        plain.provenance());
  }

  @Test
  void holdsTheSourcesValuesAtTheStudentsSize() {
    Row row = stored(7);
    Row source = DrawnRows.of(spark, 8).where("sample_id = 'sample-7'").first();

    assertThat(row.<Float>getAs("weight")).isEqualTo(8f);
    assertThat(row.<Boolean>getAs("labelled")).isTrue();
    FloatTensor embedding = TensorColumn.decode(source.getAs("embedding"));
    assertThat(Half.decode(row.getAs("embedding")))
        .containsExactly(Resize.area(embedding, 2, 2).data(), within(2e-3f));
    FloatTensor logits = TensorColumn.decode(source.<Row>getList(11).get(0).getStruct(1));
    assertThat(Half.decode(row.getAs("logits")))
        .containsExactly(Resize.bilinear(logits, 2, 3).data(), within(2e-3f));
    // D of the first cell: the mean of the 2×2 source cells under it.
    float[] d = TensorColumn.decode(source.getAs("d")).data();
    float[] structure = new float[12];
    ByteBuffer.wrap(row.<byte[]>getAs("structure"))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(structure);
    assertThat(structure[8]).isCloseTo((d[0] + d[1] + d[4] + d[5]) / 4, within(1e-6f));
  }

  @Test
  void halvesPixelsToTheMeanOfFourAndMasksToTheLabelUnderTheCentre() {
    Row row = stored(7);
    byte[] rgb = DrawnRows.image("drawn:7", "").rgb();
    byte[] pixels = row.getAs("pixels");
    for (int c = 0; c < 3; c++) {
      float sum = 0;
      for (int p : new int[] {0, 1, 12, 13}) {
        sum += rgb[3 * p + c] & 0xff;
      }
      assertThat(pixels[c] & 0xff).isEqualTo(Math.round(sum / 4));
    }
    byte[] mask = row.getAs("mask");
    ClassMask source = DrawnRows.mask(7);
    assertThat(mask).hasSize(24);
    assertThat(mask[0] & 0xff).isEqualTo(source.at(1, 1));
    assertThat(mask[6 + 2] & 0xff).isEqualTo(source.at(5, 3));
  }

  @Test
  void anUnlabelledSampleHasNoMask() {
    Row row = stored(2);
    assertThat(row.<Boolean>getAs("labelled")).isFalse();
    assertThat(row.<byte[]>getAs("mask")).isNull();
  }

  @Test
  void rowGroupsAreExactAndEachColumnOfOneIsAPage() throws IOException {
    Configuration hadoop = new Configuration();
    for (ViewInfo.ViewFile file : view.info().files()) {
      int[] groups = file.rowGroups();
      for (int g = 0; g < groups.length; g++) {
        assertThat(groups[g]).isBetween(1, 2);
        assertThat(groups[g] == 2 || g == groups.length - 1).isTrue();
      }
      var path = new org.apache.hadoop.fs.Path(view.folder(), file.path());
      try (var reader = ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop))) {
        for (BlockMetaData block : reader.getFooter().getBlocks()) {
          for (ColumnChunkMetaData column : block.getColumns()) {
            assertThat(column.getCodec()).isEqualTo(CompressionCodecName.ZSTD);
            assertThat(reader.readOffsetIndex(column).getPageCount())
                .as("pages of %s", column.getPath())
                .isEqualTo(1);
            assertThat(column.hasDictionaryPage()).isFalse();
          }
        }
      }
    }
  }

  @Test
  void rowsStandInHashOrderInEveryFile() {
    for (ViewInfo.ViewFile file : view.info().files()) {
      List<Long> hashes =
          spark
              .read()
              .parquet(view.folder() + "/" + file.path())
              .selectExpr("xxhash64('view', sample_id)")
              .collectAsList()
              .stream()
              .map(row -> row.getLong(0))
              .toList();
      assertThat(hashes).isSorted();
    }
  }

  @Test
  void isReusedWhateverTheOrderOfItsRows() {
    TrainingView again = make(DrawnRows.of(spark, ROWS).orderBy(col("weight").desc()));
    assertThat(again.reused()).isTrue();
    assertThat(again.folder()).isEqualTo(view.folder());
    assertThat(again.info()).usingRecursiveComparison().isEqualTo(view.info());
  }

  @Test
  void anotherWeightMaskOrRequestIsAnotherView() {
    Dataset<Row> rows = DrawnRows.of(spark, ROWS);
    ViewIdentity same = ViewIdentity.of(DrawnRows.REQUEST, rows);
    assertThat(same.digest().hex()).isEqualTo(view.info().digest());
    assertThat(
            List.of(
                ViewIdentity.of(
                    DrawnRows.REQUEST, rows.withColumn("weight", col("weight").plus(1))),
                ViewIdentity.of(
                    DrawnRows.REQUEST, rows.withColumn("mask", col("mask").substr(1, 9))),
                ViewIdentity.of(DrawnRows.REQUEST, DrawnRows.of(spark, ROWS - 1))))
        .extracting(ViewIdentity::digest)
        .doesNotContain(same.digest())
        .doesNotHaveDuplicates();
  }

  @Test
  void fitsItsProjectionToTheTrainingRows() {
    Moments moments = new Moments(DrawnRows.CHANNELS);
    spark
        .read()
        .parquet(data(view) + "/split=train")
        .select("embedding")
        .collectAsList()
        .forEach(row -> moments.observe((byte[]) row.get(0)));
    Projection expected = Pca.projection(moments, 3);
    Projection projection =
        TrainingView.open(view.folder(), new Configuration()).projection().orElseThrow();

    assertThat(projection.dimensions()).isEqualTo(3);
    assertThat(projection.mean()).containsExactly(expected.mean(), within(1e-6f));
    for (int k = 0; k < 3; k++) {
      assertThat(projection.directions()[k])
          .containsExactly(expected.directions()[k], within(1e-5f));
    }
  }

  @Test
  void aSampleOfTheRowsFitsNearly() {
    Dataset<Row> data = spark.read().parquet(data(view));
    Projection sampled = Pca.fit(data, DrawnRows.CHANNELS, 5, 20);
    assertThat(sampled.dimensions()).isEqualTo(5);
  }

  @Test
  void anEmbeddingOfFewChannelsKeepsAllItsDirections() {
    Dataset<Row> data = spark.read().parquet(data(view));
    assertThat(Pca.fit(data, DrawnRows.CHANNELS, 64, ROWS).dimensions())
        .isEqualTo(DrawnRows.CHANNELS);
    assertThatThrownBy(() -> Pca.fit(data, DrawnRows.CHANNELS, 0, ROWS))
        .hasMessage("Invalid projectionDimensions: 0 (must be >= 1)");
  }

  @Test
  void withoutAnswersItIsAViewWithoutLogits(@TempDir Path other) {
    TrainingView mute = make(other, DrawnRows.of(spark, 10).drop("answers"));
    assertThat(mute.info().hasTeacher()).isTrue();
    assertThat(mute.info().hasLogits()).isFalse();
    assertThat(mute.info().logitsHeight()).isZero();
    assertThat(view.info().hasLogits()).isTrue();
    Row row = spark.read().parquet(data(mute)).first();
    assertThat(row.<byte[]>getAs("logits")).isEmpty();
    assertThat(row.<byte[]>getAs("embedding")).hasSize(mute.info().embeddingBytes());
  }

  @Test
  void takesTheNumberOfChannelsFromTheColumnThatSaysIt(@TempDir Path other) {
    Dataset<Row> rows = DrawnRows.of(spark, 10);
    var nine = new MetadataBuilder().putLong(ViewRows.CHANNELS, 9).build();
    assertThatThrownBy(
            () -> make(other, rows.withColumn("embedding", col("embedding").as("e", nine))))
        .hasStackTraceContaining("Invalid embedding: FloatTensor[5, 4, 4] (must be [9, h, w]");
  }

  @Test
  void refusesASampleTwice() {
    Dataset<Row> rows = DrawnRows.of(spark, 10);
    assertThatThrownBy(() -> make(rows.union(rows.where("sample_id = 'sample-3'"))))
        .hasMessageContaining("split 'train' has 9 rows of 8 samples");
  }

  @Test
  void namesTheSampleThatCannotBeMade() {
    Row row = DrawnRows.of(spark, 1).first();
    byte[] strange = ImageCodec.encodePng(new ClassMask(1, 1, new byte[] {7}));
    assertThatThrownBy(() -> viewRow(5).call(DrawnRows.with(row, "mask", strange)))
        .hasMessageContaining("sample sample-0")
        .hasMessageContaining("Invalid label 7 in its mask (must be 0, a class 1…2,");
    assertThatThrownBy(() -> viewRow(9).call(row))
        .hasMessageContaining("Invalid embedding: FloatTensor[5, 4, 4] (must be [9, h, w]");
    Row overflowing =
        TensorColumn.encode(new FloatTensor(new int[] {1, 1, 1}, new float[] {1e6f}), DType.FP32);
    assertThatThrownBy(() -> viewRow(1).call(DrawnRows.with(row, "embedding", overflowing)))
        .hasMessageContaining("Invalid embedding value: 1000000.0 (must be finite");
  }

  private static ViewRow viewRow(int channels) {
    return new ViewRow(DrawnRows.REQUEST, DrawnRows::image, channels, true);
  }

  private static String data(TrainingView view) {
    return view.folder() + "/" + view.info().data();
  }

  private static TrainingView make(Dataset<Row> rows) {
    return make(root, rows);
  }

  private static TrainingView make(Path root, Dataset<Row> rows) {
    return TrainingView.materialise(
        spark, root.toString(), DrawnRows.REQUEST, DrawnRows::image, rows);
  }

  private static Row stored(int i) {
    return spark.read().parquet(data(view)).where(col("sample_id").equalTo("sample-" + i)).first();
  }
}
