package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.canary.Canary;
import stillhouse.canary.Check;
import stillhouse.canary.Verdict;
import stillhouse.conf.ConfFiles;
import stillhouse.data.DatasetConfig;

class SummaryTest {
  @TempDir Path folder;

  @Test
  void saysWhichImagesAreMissingAndWhichWereLeftOut() throws IOException {
    DatasetConfig dataset =
        DatasetConfig.load(
            ConfFiles.find("datasets", "drawn-scenes"), Map.of("SCENES", folder.toString()));
    Summary summary =
        new Summary(
            dataset,
            "test",
            List.of(),
            Map.of("image unreadable", 2L, "not answered", 3L),
            Map.of(),
            Map.of());
    assertThat(summary.text())
        .contains(
            "Left out of split test: 2 images, image unreadable",
            "Left out of split test: 3 images, not answered");
    assertThat(summary.text()).doesNotContain("[low, high]");
    Path file = folder.resolve("summary.json");
    summary.write(
        file, new Coverage(10, 6, 1, 3, true), new StrataTable(List.of()), "http://127.0.0.1");
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertThat(json.get("images").asInt()).isEqualTo(10);
    assertThat(json.get("images_cached").asInt()).isEqualTo(6);
    assertThat(json.get("images_quarantined").asInt()).isEqualTo(1);
    assertThat(json.get("images_missing").asInt()).isEqualTo(3);
    assertThat(json.get("images_left_out").get("not answered").asInt()).isEqualTo(3);
  }

  @Test
  void showsIntervalsAndLeavesOutWhatAnotherToolsMasksDoNotHave() throws IOException {
    DatasetConfig dataset =
        DatasetConfig.load(
            ConfFiles.find("datasets", "drawn-scenes"), Map.of("SCENES", folder.toString()));
    Map<String, Double> metrics =
        Map.of("iou", 0.5, "iou_95_low", 0.41, "iou_95_high", 0.5904, "images", 9.0, "groups", 7.0);
    Score score =
        Score.ofPredictions(
            "yolo", "test", metrics, "2 predictions of no image", "m", "s", "i", "r");
    assertThat(
            new Summary(dataset, "test", List.of(score), Map.of(), Map.of(), Map.of())
                .text()
                .lines())
        .contains(
            "model                    IoU  boundary IoU  Dice  boundary AP  parameters  ONNX bytes  ms/image",
            "yolo   0.5000 [0.410, 0.590]             -     -            -           -           -         -",
            "[low, high]: 95 % of 2000 draws of the 7 image groups; they say nothing of other"
                + " seeds. Of so few groups they are too narrow: take nothing of this table for"
                + " settled.",
            "yolo: 2 predictions of no image");
  }

  @Test
  void aFileThatSaysNoNumberHasARowWithoutAScore() throws IOException {
    DatasetConfig dataset =
        DatasetConfig.load(
            ConfFiles.find("datasets", "drawn-scenes"), Map.of("SCENES", folder.toString()));
    Verdict verdict = new Verdict(List.of(Check.of(Canary.FINITE, false, "NaN on image a.png")));
    var summary =
        new Summary(dataset, "test", List.of(), Map.of(), Map.of(), Map.of("a.fp16", verdict));
    assertThat(summary.text().lines())
        .contains(
            "a.fp16  not scored             -     -            -           -           -         -",
            "a.fp16: canary: FAILED finite answers: NaN on image a.png");
    Path file = folder.resolve("summary.json");
    summary.write(
        file, new Coverage(1, 1, 0, 0, true), new StrataTable(List.of()), "http://127.0.0.1");
    assertThat(new ObjectMapper().readTree(file.toFile()).at("/not_scored/a.fp16").asText())
        .isEqualTo("FAILED finite answers");
  }
}
