package stillhouse.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.ml.image.ImageSchema;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.teacher.SmallTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

class TeacherTransformerTest {
  private static SparkSession spark;

  @TempDir Path folder;
  private Path yaml;

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  @BeforeEach
  void describe() throws IOException {
    yaml = SmallTeacher.yaml(folder);
  }

  private TeacherTransformer small() {
    return new TeacherTransformer().setTeacher(yaml.toString());
  }

  private static Dataset<Row> binary(byte[]... images) {
    var schema =
        new StructType().add("id", DataTypes.IntegerType).add("image", DataTypes.BinaryType);
    Row[] rows = new Row[images.length];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = RowFactory.create(i, images[i]);
    }
    return spark.createDataFrame(Arrays.asList(rows), schema).repartition(2).orderBy("id");
  }

  private static byte[] png(int width, int height) {
    return ImageCodec.encodePng(SmallTeacher.image(width, height));
  }

  private Map<String, FloatTensor> asked(RgbImage image) {
    try (Teacher teacher = SmallTeacher.open(yaml)) {
      return teacher.encode(List.of(image)).get(0);
    }
  }

  private static float[] data(Row output, String layer) {
    return TensorColumn.decode(output.getAs(layer)).data();
  }

  private static float[] stored(FloatTensor map) {
    return TensorColumn.decode(TensorColumn.encode(map, DType.FP16)).data();
  }

  @Test
  void addsATensorALayerAndKeepsWhatItCannotDecode() {
    List<Row> rows =
        small().transform(binary(png(8, 6), new byte[] {1, 2, 3}, null, png(5, 9))).collectAsList();

    assertThat(rows).extracting(row -> row.getInt(0)).containsExactly(0, 1, 2, 3);
    Row first = rows.get(0).getAs("features");
    assertThat(first.schema().fieldNames()).containsExactly("embedding", "logits");
    FloatTensor embedding = asked(SmallTeacher.image(8, 6)).get("embedding");
    assertThat(data(first, "embedding")).isEqualTo(stored(embedding));
    assertThat(rows.get(0).<String>getAs("features_error")).isNull();
    assertThat(rows.get(1).isNullAt(2)).isTrue();
    assertThat(rows.get(1).getString(3)).startsWith("Unreadable image (unknown-format)");
    assertThat(rows.get(2).getString(3))
        .isEqualTo("Unreadable image (empty): column image is null");
    assertThat(data(rows.get(3).getAs("features"), "logits"))
        .isEqualTo(stored(asked(SmallTeacher.image(5, 9)).get("logits")));
  }

  @Test
  void readsUrisAndImageStructsAsItReadsBytes() throws IOException {
    Path file = Files.write(folder.resolve("a b.png"), png(8, 6));
    RgbImage image = SmallTeacher.image(8, 6);
    byte[] blueFirst = new byte[image.rgb().length];
    for (int i = 0; i < blueFirst.length; i++) {
      blueFirst[i] = image.rgb()[i / 3 * 3 + 2 - i % 3];
    }
    var schema =
        new StructType()
            .add("uri", DataTypes.StringType)
            .add("image", ImageSchema.columnSchema())
            .add("image_features", DataTypes.StringType);
    Dataset<Row> data =
        spark.createDataFrame(
            List.of(
                RowFactory.create(
                    "file:" + file, RowFactory.create("here", 6, 8, 3, 16, blueFirst), "taken"),
                RowFactory.create(
                    folder.resolve("gone.png").toString(),
                    RowFactory.create("broken", -1, -1, -1, -1, new byte[0]),
                    "taken")),
            schema);
    TeacherTransformer byUri = small().setInputCol("uri").setOutputCol("u");
    TeacherTransformer byStruct = small().setOutputCol("s").setErrorCol("why");
    List<Row> rows = byStruct.transform(byUri.transform(data)).collectAsList();

    float[] expected = stored(asked(image).get("embedding"));
    assertThat(data(rows.get(0).getAs("u"), "embedding")).isEqualTo(expected);
    assertThat(data(rows.get(0).getAs("s"), "embedding")).isEqualTo(expected);
    assertThat(rows.get(1).<String>getAs("u_error")).startsWith("Unreadable image (not-readable)");
    assertThat(rows.get(1).<String>getAs("why"))
        .isEqualTo(
            "Unreadable image (corrupt): image struct of -1×-1 pixels and -1 channels (must be 1, 3"
                + " or 4)");
    assertThatThrownBy(() -> small().setOutputCol("image_features").transform(data))
        .hasMessage("Invalid outputCol: 'image_features' (there is a column of that name already)");
  }

  @Test
  void aPipelineWithItComesBackFromDisk() throws IOException {
    TeacherTransformer stage =
        small().setOutputCol("t").setLayers("logits").setEncoding("fp32").setBatchSize(2);
    var select = new SQLTransformer().setStatement("SELECT id, t.logits.dtype AS d FROM __THIS__");
    Dataset<Row> data = binary(png(8, 6));
    PipelineModel made = new Pipeline().setStages(new PipelineStage[] {stage, select}).fit(data);
    String path = folder.resolve("pipeline").toString();
    made.write().overwrite().save(path);
    PipelineModel loaded = PipelineModel.load(path);

    assertThat(loaded.stages()[0].uid()).isEqualTo(stage.uid());
    assertThat(loaded.transform(data).collectAsList())
        .containsExactly(RowFactory.create(0, "fp32"));
    TeacherTransformer alone = TeacherTransformer.load(path + "/stages/0_" + stage.uid());
    assertThat(alone.getOrDefault(alone.layers())).containsExactly("logits");
    assertThat(alone.getOrDefault(alone.batchSize())).isEqualTo(2);
    assertThat(alone.getOrDefault(alone.teacher())).isEqualTo(yaml.toString());
    assertThat(alone.isSet(alone.engine())).isFalse();
  }

  @Test
  void takesAFrozenTeachersFolderOrAnotherPlaceOfItsFile() throws IOException {
    Path frozen = SmallTeacher.frozen(Files.createDirectory(folder.resolve("frozen")));
    var byFolder = new TeacherTransformer().setModelUrl(frozen.toUri().toString());
    var byFile = small().setModelUrl(frozen.resolve("teacher.onnx").toString());
    Dataset<Row> data = binary(png(8, 6));
    float[] expected = stored(asked(SmallTeacher.image(8, 6)).get("logits"));

    for (TeacherTransformer each : List.of(byFolder, byFile.setEngine("OnnxRuntime"))) {
      Row row = each.setLayers("logits").transform(data).first();
      assertThat(data(row.getAs("features"), "logits")).isEqualTo(expected);
    }
    Path other = Files.writeString(folder.resolve("other.onnx"), "other");
    assertThatThrownBy(() -> small().setModelUrl(other.toString()).transform(data))
        .hasMessageContaining("Cannot use file " + other);
  }

  @Test
  void refusesInASentence() {
    Dataset<Row> data = binary(png(8, 6));
    assertThatThrownBy(() -> new TeacherTransformer().transform(data))
        .hasMessageStartingWith("No teacher is named. Set teacher");
    assertThatThrownBy(() -> small().setInputCol("picture").transform(data))
        .hasMessage("Invalid inputCol: 'picture' (there are [id, image])");
    assertThatThrownBy(() -> small().setInputCol("id").transform(data))
        .hasMessageStartingWith("Invalid inputCol: 'id' is int (must be binary,");
    assertThatThrownBy(() -> small().setLayers("stage4").transform(data))
        .hasMessage("Invalid layers: [stage4] (teacher small has [embedding, logits])");
    assertThatThrownBy(() -> small().setEngine("PyTorch").transform(data))
        .hasMessage("Invalid engine: PyTorch (teacher small runs on ONNXRUNTIME)");
    assertThatThrownBy(() -> small().setEncoding("fp8").transform(data))
        .hasMessageContaining("known: fp32, fp16, int8");
    assertThatThrownBy(() -> small().setModelUrl("s3://b/m.onnx").transform(data))
        .hasMessageStartingWith("Invalid modelUrl: s3://b/m.onnx (must be a path");
    assertThatThrownBy(() -> small().setBatchSize(0)).hasMessageContaining("batchSize");
  }
}
