package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;
import stillhouse.Sessions;
import stillhouse.identity.Sha256;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.PromptedImage;
import stillhouse.teacher.TeacherException;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/** What becomes of images for which a teacher gives values that no table can hold. */
class UnstorableTest {
  private static final long WHITE = -1;
  private static final long BLACK = -2;
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 128, 1);
  private static SparkSession spark;

  @TempDir Path folder;

  /** A prompt of class 1, and of labelled images one of class 9. */
  record NinthClass() implements PromptPlan {
    private static final long serialVersionUID = 1L;

    @Override
    public List<Prompt> prompts(PromptedImage image) {
      return IntStream.of(1, 9)
          .filter(k -> k == 1 || image.labels().isPresent())
          .<Prompt>mapToObj(k -> new Prompt.Box(k, 0, 0, image.width(), image.height()))
          .toList();
    }

    @Override
    public Sha256 fingerprint() {
      return Sha256.of(new byte[] {9});
    }
  }

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  @Test
  void oneImagesValuesPutItIntoQuarantineAndTheOthersGoOn() {
    Workspace workspace = new Workspace(spark, folder).add("one", 1, null).add("two", 2, null);
    workspace.add("white", WHITE, null);
    for (int i = 1; i <= 40; i++) {
      workspace.add("black " + i, BLACK * i, null);
    }
    workspace.write();
    TeacherSource teacher = InMemoryTeacher.segmenter("a");
    CacheReport first = run(workspace, teacher);
    assertThat(first.cached()).isEqualTo(2);
    assertThat(first.quarantined()).isEqualTo(41);
    assertThat(details(workspace, "cache: features"))
        .hasSize(41)
        .containsOnly(
            "layer 'Embedding.0': Invalid value for fp16: 1.0E30 at element 0"
                + " (must be finite and within ±65504)",
            "layer 'Embedding.0': Invalid value for fp16: NaN at element 0"
                + " (must be finite and within ±65504)");
    assertThat(run(workspace, teacher).quarantined())
        .as("asked again by themselves they are no news")
        .isEqualTo(41);

    for (int i = 41; i <= 80; i++) {
      workspace.add("black " + i, BLACK * i, null);
    }
    workspace.write();
    assertThatThrownBy(() -> run(workspace, teacher))
        .as("so many more, and none beside them, are the teacher's")
        .hasMessageStartingWith("Cannot store features of any of 81 images")
        .hasMessageEndingWith(
            "Where it answers other images well, take these out of the data set.");
    assertThat(quarantine(workspace).count()).isEqualTo(41);
  }

  @Test
  void aMapThatNoTrainingViewCouldHoldIsUnstorableInAnyType() {
    var far = new FloatTensor(new int[] {1, 2}, new float[] {0, 70000f});
    for (DType type : List.of(DType.FP32, DType.INT8)) {
      assertThatThrownBy(
              () -> UnstorableException.encodeForViews("layer 'e'", far, Encoding.of(type), "e"))
          .isInstanceOf(UnstorableException.class)
          .hasMessage(
              "layer 'e', as a training view holds it: Invalid value for fp16: 70000.0 at element 1"
                  + " (must be finite and within ±65504)");
    }
    // Rounded to a step of 494, the largest value passes what fp16 holds.
    var edge = new FloatTensor(new int[] {1, 2}, new float[] {-60000f, 65504f});
    assertThatThrownBy(
            () ->
                UnstorableException.encodeForViews("layer 'e'", edge, Encoding.of(DType.INT8), "e"))
        .hasMessageContaining("as a training view holds it: Invalid value for fp16: 65");
    assertThat(UnstorableException.encodeForViews("layer 'e'", edge, Encoding.of(DType.FP32), "e"))
        .isNotNull();
  }

  @Test
  void structureThatOverflowsIsItsImagesOwn() {
    CacheKeys keys =
        CacheKeys.of(
            InMemoryTeacher.encoder("e").spec(), null, new CacheOptions(DType.FP32, 2, 64, 1));
    StructType type =
        new StructType()
            .add("feature_key", DataTypes.StringType)
            .add("view", DataTypes.StringType)
            .add("encoding", DataTypes.StringType)
            .add("image_uris", DataTypes.createArrayType(DataTypes.StringType))
            .add("layer_embedding_0", TensorColumn.TYPE);
    var map = new FloatTensor(new int[] {1, 1, 2}, new float[] {1e30f, 0});
    Object uris = JavaConverters.asScalaBuffer(List.of("file:/white")).toSeq();
    Row row =
        new GenericRowWithSchema(
            new Object[] {"key", "turn-90", "fp32", uris, TensorColumn.encode(map, DType.FP32)},
            type);
    Outcome outcome = new StructureMapping(keys).call(List.of(row).iterator()).next();
    assertThat(outcome)
        .isEqualTo(
            new Outcome.Failed(
                List.of("file:/white"),
                "value out of range",
                "view turn-90: structure map D: Invalid value for fp32: Infinity at element 0 (must"
                    + " be finite)",
                keys.structureKey("key")));
  }

  @Test
  void anImageHasAllItsAnswersOrNone() {
    byte[] mask = DrawnMasks.firstPixel(1);
    Workspace workspace = new Workspace(spark, folder).add("one", 1, null).add("nine", 2, mask);
    CacheReport report = run(workspace.write(), InMemoryTeacher.promptable("p"));
    assertThat(report.answers().written()).isEqualTo(1);
    assertThat(report.quarantined()).isEqualTo(1);
    assertThat(details(workspace, "cache: answers"))
        .containsExactly(
            "logits of prompt {\"box\":[0.0,0.0,6.0,4.0],\"class\":9}: Invalid value for fp16:"
                + " Infinity at element 0 (must be finite and within ±65504)");
  }

  @Test
  void whereNoImageHasOtherValuesItIsTheTeacher() {
    Workspace workspace = new Workspace(spark, folder).add("a", BLACK, null).add("b", -4, null);
    assertThatThrownBy(() -> run(workspace.write(), InMemoryTeacher.segmenter("a")))
        .isInstanceOf(TeacherException.class)
        .hasMessageStartingWith("Cannot store features of any of 2 images, for example [")
        .hasMessageContaining("layer 'Embedding.0': Invalid value for fp16: NaN at element 0")
        .hasMessageContaining("so it is the teacher: check its file");
    assertThat(quarantine(workspace).isEmpty()).isTrue();
  }

  @Test
  void aMissingLayerIsTheTeachersNotTheImages() {
    Workspace workspace = new Workspace(spark, folder).add("one", 1, null).write();
    TeacherSource teacher = InMemoryTeacher.source("a", List.of("Embedding.0", "neck"), false);
    assertThatThrownBy(() -> run(workspace, teacher))
        .hasStackTraceContaining("Cannot use teacher a: it gave no layer 'neck'");
  }

  private static CacheReport run(Workspace workspace, TeacherSource teacher) {
    return workspace
        .refresh(Progress.NONE)
        .run(spark, workspace.root(), teacher, new NinthClass(), OPTIONS);
  }

  private static Dataset<Row> quarantine(Workspace workspace) {
    return CacheTables.delta(spark, workspace.tables().quarantinePath());
  }

  private static List<String> details(Workspace workspace, String stage) {
    return quarantine(workspace)
        .filter("reason = 'value out of range' AND stage = '" + stage + "'")
        .collectAsList()
        .stream()
        .map(row -> row.<String>getAs("detail"))
        .toList();
  }
}
