package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.RgbImage;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherException;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;

/** A teacher that throws: on one image, for one prompt, on all. */
class FailingTeacherTest {
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 100, 1);
  private static final int CLASS = 7;

  private static SparkSession spark;

  @TempDir Path folder;

  /** Fails in the encoder on the images of some seeds, in the decoder on class {@link #CLASS}. */
  record Failing(InMemoryTeacher.Source source, Set<Long> seeds) implements TeacherSource {
    private static final long serialVersionUID = 1L;

    @Override
    public TeacherSpec spec() {
      return source.spec();
    }

    @Override
    public Teacher open() {
      return new FailingTeacher(source.open(), seeds);
    }
  }

  private record FailingTeacher(Teacher teacher, Set<Long> seeds) implements Teacher {
    @Override
    public TeacherSpec spec() {
      return teacher.spec();
    }

    @Override
    public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
      for (RgbImage image : images) {
        for (long seed : seeds) {
          if (Arrays.equals(image.rgb(), Workspace.image(seed).rgb())) {
            throw new TeacherException("Cannot run the encoder: no kernel", null);
          }
        }
      }
      return teacher.encode(images);
    }

    @Override
    public MaskAnswer decode(
        Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
      if (prompt.classId() == CLASS) {
        throw new TeacherException("Cannot run the decoder: no kernel", null);
      }
      return teacher.decode(features, width, height, prompt);
    }

    @Override
    public void close() {
      teacher.close();
    }
  }

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  @Test
  void theImageItFailsOnGoesToQuarantineAndItsBatchGoesOn() {
    Workspace workspace = images(7);
    CacheReport report = run(workspace, new Failing(InMemoryTeacher.segmenter("a"), Set.of(4L)));
    assertThat(report.cached()).isEqualTo(6);
    assertThat(report.quarantined()).isEqualTo(1);
    Row row = quarantined(workspace, "cache: features");
    assertThat(row.<String>getAs("image_uri")).endsWith("image 4");
    assertThat(row.<String>getAs("reason")).isEqualTo("teacher failed");
    assertThat(row.<String>getAs("detail")).isEqualTo("Cannot run the encoder: no kernel");

    assertThat(run(workspace, InMemoryTeacher.segmenter("a")).cached())
        .as("asked again by the next run")
        .isEqualTo(7);
  }

  @Test
  void thePromptItFailsOnTakesItsImageAlong() {
    Workspace workspace =
        new Workspace(spark, folder)
            .add("two", 1, DrawnMasks.firstPixel(2))
            .add("seven", 2, DrawnMasks.firstPixel(CLASS))
            .add("three", 3, DrawnMasks.firstPixel(2))
            .write();
    CacheReport report = run(workspace, new Failing(InMemoryTeacher.promptable("p"), Set.of(3L)));
    assertThat(report.cached()).isEqualTo(1);
    assertThat(report.answers().written()).isEqualTo(2);
    assertThat(quarantined(workspace, "cache: features").<String>getAs("image_uri"))
        .as("of a pass before, in the same run")
        .endsWith("three");
    Row row = quarantined(workspace, "cache: answers");
    assertThat(row.<String>getAs("image_uri")).endsWith("seven");
    assertThat(row.<String>getAs("reason")).isEqualTo("teacher failed");
    assertThat(row.<String>getAs("detail"))
        .isEqualTo(
            "prompt {\"box\":[0.0,0.0,6.0,4.0],\"class\":7}: Cannot run the decoder: no kernel");
  }

  @Test
  void aTeacherThatFailsOnAllEndsTheRun() {
    Workspace workspace = images(4);
    var failing = new Failing(InMemoryTeacher.segmenter("a"), Set.of(0L, 1L, 2L, 3L));
    assertThatThrownBy(() -> run(workspace, failing))
        .isInstanceOf(TeacherException.class)
        .hasMessageStartingWith("Cannot store features of any of 4 images, for example [")
        .hasMessageContaining("Cannot run the encoder: no kernel. None of them does better");
    assertThat(CacheTables.delta(spark, workspace.tables().quarantinePath()).isEmpty()).isTrue();
  }

  private Workspace images(int count) {
    var workspace = new Workspace(spark, folder);
    for (int i = 0; i < count; i++) {
      workspace.add("image " + i, i, null);
    }
    return workspace.write();
  }

  private static CacheReport run(Workspace workspace, TeacherSource teacher) {
    return workspace
        .refresh(Progress.NONE)
        .run(spark, workspace.root(), teacher, new CacheRefreshTest.BoxOfEachClass("1"), OPTIONS);
  }

  /** The one image that was put there at a stage. */
  private static Row quarantined(Workspace workspace, String stage) {
    List<Row> rows =
        CacheTables.delta(spark, workspace.tables().quarantinePath())
            .where(functions.col("stage").equalTo(stage))
            .collectAsList();
    assertThat(rows).hasSize(1);
    return rows.get(0);
  }
}
