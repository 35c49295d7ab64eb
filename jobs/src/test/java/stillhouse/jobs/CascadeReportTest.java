package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import stillhouse.predict.CascadeCost;
import stillhouse.predict.CascadePoint;
import stillhouse.predict.PromptCount;
import stillhouse.predict.Uncertainty;

/** Of 100 images, two prompts an image: 1 ms for the student, 30 an encoder's call, 5 a prompt. */
class CascadeReportTest {
  private static final CascadePoint ALL = CascadeTargetTest.point(-1, 100, 9);
  private static final CascadePoint SOME = CascadeTargetTest.point(0.4, 10, 8);
  private static final CascadePoint NONE = CascadeTargetTest.point(2, 0, 5);

  private static CascadeReport report(String supervision, double prompt) {
    return report(supervision, prompt, List.of(ALL, SOME, NONE), SOME);
  }

  private static CascadeReport report(
      String supervision, double prompt, List<CascadePoint> curve, CascadePoint chosen) {
    return report(supervision, prompt, curve, chosen, 1);
  }

  private static CascadeReport report(
      String supervision,
      double prompt,
      List<CascadePoint> curve,
      CascadePoint chosen,
      double student) {
    return new CascadeReport(
        "tiny",
        "ab",
        new AskedTeacher(
            "sam", supervision, PromptCount.NONE, new TeacherLatency.Answering(30, prompt)),
        new CascadeSplit("val", "v", Map.of()),
        new CascadeSplit("test", "t", Map.of("not answered", 7L)),
        new CascadeTarget.Share(0.9),
        NONE,
        ALL,
        new CascadeCost(student, 30, prompt),
        List.of(
            new CascadeReport.Line(
                Uncertainty.ENTROPY, curve, curve, Optional.of(chosen), Optional.of(chosen))));
  }

  @Test
  void everyPointHasItsCostWithTheTeachersPrompts() {
    JsonNode json = JsonFiles.JSON.valueToTree(report("", 5).json());
    JsonNode curve = json.at("/entropy/test");
    assertThat(curve.findValuesAsText("millis")).containsExactly("41.0", "5.0", "1.0");
    assertThat(json.at("/entropy/operatingPoint")).isEqualTo(curve.get(1));
    assertThat(json.at("/teacher/millis").asDouble()).as("without the student").isEqualTo(40);
    assertThat(json.at("/student/millis").asDouble()).isEqualTo(1);
    assertThat(report("", 5).metrics()).containsEntry("cascade/test/entropy/ms_per_image", 5.0);
    assertThat(report("", 5).text())
        .containsPattern("cascade by entropy +0.40000 +10.0 % .* 5.0")
        .contains("some to the teacher too (30.0, and 5.0 for each of its 2.0 prompts an image).");
    assertThat(report("", 0).text()).contains("some to the teacher too (30.0).");
  }

  /** As of a student whose images without a mask read all alike. */
  @Test
  void aReadingThatTellsTooFewImagesApartIsSaidToAskAboutNone() {
    List<CascadePoint> curve = List.of(ALL, NONE);
    CascadeReport report = report("", 5, curve, NONE);
    assertThat(report.text())
        .containsPattern("cascade by entropy +- +0.0 % ")
        .contains(
            "cascade by entropy: no image is asked about, since no more than 10 may be, and no"
                + " threshold parts them from the 100 of split val that the student is least sure of");
    assertThat(report("", 5).text()).doesNotContain("is asked about", "no longer than");
  }

  @Test
  void aTeacherThatIsQuickerThanItsStudentIsSaidToBe() {
    assertThat(report("", 0.1, List.of(ALL, SOME, NONE), SOME, 40).text())
        .contains("The teacher alone takes no longer than the student on this machine:");
  }

  @Test
  void whatItIsOfAndWhatIsNotInItIsSaid() {
    CascadeReport report = report("asked with boxes", 5);
    JsonNode json = JsonFiles.JSON.valueToTree(report.json());
    assertThat(json.get("model").asText()).isEqualTo("ab");
    assertThat(json.get("samples")).hasToString("{\"val\":\"v\",\"test\":\"t\"}");
    assertThat(json.get("leftOut")).hasToString("{\"val\":{},\"test\":{\"not answered\":7}}");
    assertThat(json.get("supervision").asText()).isEqualTo("asked with boxes");
    assertThat(report.text())
        .contains("Left out of split test: 7 images, not answered")
        .contains(
            "sam was asked with boxes, on split test, too: where a cascade works there are no")
        .doesNotContain("Left out of split val");
    assertThat(report("", 5).text()).doesNotContain("sam was");
  }

  /** Its colour is in each of four panels. */
  @Test
  void thePictureHasBothCurvesOverShareAndOverCost() throws IOException {
    var page = ImageIO.read(new ByteArrayInputStream(report("", 5).picture()));
    int across = page.getWidth() / 2;
    int down = 428; // of a row of panels
    for (int panel = 0; panel < 4; panel++) {
      int left = panel % 2 * across;
      int top = 40 + panel / 2 * down;
      int curve = 0;
      for (int y = top; y < top + down; y++) {
        for (int x = left; x < left + across; x++) {
          curve += (page.getRGB(x, y) & 0xffffff) == 0x0072b2 ? 1 : 0;
        }
      }
      assertThat(curve).as("panel " + panel).isGreaterThan(300);
    }
  }
}
