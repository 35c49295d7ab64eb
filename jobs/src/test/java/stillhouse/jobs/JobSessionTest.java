package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import stillhouse.spark.LocalFiles;
import stillhouse.teacher.TeacherPoolPlugin;
import stillhouse.train.TrainingPlugin;

class JobSessionTest {
  private static final String OURS =
      TrainingPlugin.class.getName() + "," + TeacherPoolPlugin.class.getName();
  private static final String DELTA = "io.delta.sql.DeltaSparkSessionExtension";

  @AfterEach
  void forget() {
    System.clearProperty("spark.plugins");
    System.clearProperty("spark.sql.extensions");
    System.clearProperty("spark.hadoop.fs.file.impl");
    System.clearProperty("spark.hadoop.fs.s3a.endpoint");
  }

  @Test
  void addsToTheUsersPluginsAndExtensions() {
    System.setProperty("spark.plugins", "com.example.Metrics, com.example.Audit");
    System.setProperty("spark.sql.extensions", "com.example.Rules");
    SparkConf settings = JobSession.settings();
    assertThat(settings.get("spark.plugins"))
        .isEqualTo("com.example.Metrics,com.example.Audit," + OURS);
    assertThat(settings.get("spark.sql.extensions")).isEqualTo("com.example.Rules," + DELTA);
  }

  @Test
  void namesThatAreThereAreNotAddedTwice() {
    assertThat(JobSession.settings().get("spark.plugins")).isEqualTo(OURS);
    System.setProperty("spark.plugins", OURS);
    System.setProperty("spark.sql.extensions", DELTA);
    assertThat(JobSession.settings().get("spark.plugins")).isEqualTo(OURS);
    assertThat(JobSession.settings().get("spark.sql.extensions")).isEqualTo(DELTA);
  }

  @Test
  void localFilesAreOursUnlessTheUserNamesOthers() {
    assertThat(JobSession.hadoop().get("fs.file.impl")).isEqualTo(LocalFiles.class.getName());
    System.setProperty("spark.hadoop.fs.file.impl", LocalFileSystem.class.getName());
    assertThat(JobSession.hadoop().get("fs.file.impl")).isEqualTo(LocalFileSystem.class.getName());
  }

  @Test
  void fileSystemsAreThoseOfTheSessionBeforeItStarts() {
    System.setProperty("spark.hadoop.fs.s3a.endpoint", "store.example");
    assertThat(JobSession.hadoop().get("fs.s3a.endpoint")).isEqualTo("store.example");
  }
}
