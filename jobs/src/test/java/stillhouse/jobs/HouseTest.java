package stillhouse.jobs;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The house's shape: which part may use which, and versions that must agree between files. */
@AnalyzeClasses(
    packages = {"stillhouse", "ml.dmlc.xgboost4j.java"},
    importOptions = ImportOption.DoNotIncludeTests.class)
class HouseTest {
  @ArchTest
  static final ArchRule DEPENDENCIES_POINT_ONE_WAY =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("stillhouse..")
          .layer("teacher-cache")
          .definedBy(
              "stillhouse.identity..",
              "stillhouse.conf..",
              "stillhouse.tensor..",
              "stillhouse.data..",
              "stillhouse.scene..",
              "stillhouse.teacher..",
              "stillhouse.structure..",
              "stillhouse.spark..",
              "stillhouse.cache..")
          .layer("eval")
          .definedBy(
              "stillhouse.canary..",
              "stillhouse.metrics..",
              "stillhouse.points..",
              "stillhouse.predict..",
              "stillhouse.prompts..",
              "stillhouse.quantize..",
              "stillhouse.report..",
              "stillhouse.tensorrt..")
          .layer("student-train")
          .definedBy(
              "stillhouse.student..",
              "stillhouse.decoder..",
              "stillhouse.loss..",
              "stillhouse.train..",
              "stillhouse.comm..",
              "stillhouse.onnx..")
          .layer("jobs")
          .definedBy("stillhouse.jobs..", "stillhouse.htmlreport..", "stillhouse.tracking..")
          .whereLayer("jobs")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("student-train")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("eval")
          .mayOnlyBeAccessedByLayers("student-train", "jobs")
          .whereLayer("teacher-cache")
          .mayOnlyBeAccessedByLayers("eval", "student-train", "jobs");

  @ArchTest
  static final ArchRule A_REPORT_TELLS_WHAT_IT_IS_GIVEN =
      noClasses()
          .that()
          .resideInAPackage("stillhouse.htmlreport..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("stillhouse.jobs..", "stillhouse.tracking..", "org.apache.spark..")
          .because("a page is made, and tested, without a workspace");

  @ArchTest
  static final ArchRule NO_JAVA_NUMBER_ENTERS_A_GRAPH =
      noClasses()
          .that()
          .resideInAnyPackage(
              "stillhouse.student..",
              "stillhouse.decoder..",
              "stillhouse.loss..",
              "stillhouse.train..")
          .should()
          .callMethod(NDArray.class, "mul", Number.class)
          .orShould()
          .callMethod(NDArray.class, "div", Number.class)
          .orShould()
          .callMethod(NDArray.class, "maximum", Number.class)
          .orShould()
          .callMethod(NDArray.class, "minimum", Number.class)
          .orShould()
          .callMethod(NDArray.class, "pow", Number.class)
          .because("a garbage collection before backward spoils its gradient; use Scalar");

  @Test
  void pythonSparkIsTheBuildsSpark() throws IOException {
    Path root = Path.of(System.getenv("STILLHOUSE_VENV")).toAbsolutePath().getParent();
    var version =
        Pattern.compile("<spark.version>([^<]+)<")
            .matcher(Files.readString(root.resolve("pom.xml")));
    assertThat(version.find()).isTrue();
    assertThat(Files.readAllLines(root.resolve("requirements.txt")))
        .contains("pyspark==" + version.group(1));
  }
}
