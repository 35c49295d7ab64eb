package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;

class PromptSettingsTest {
  @TempDir Path folder;

  @Test
  void leftOutKeysHaveDefaults() throws IOException {
    assertThat(load("dent", "{source: grid}"))
        .isEqualTo(
            new PromptSettings(
                PromptSettings.Source.GRID,
                1,
                16,
                16,
                16,
                1,
                16,
                0.7,
                0.5,
                0.5,
                Optional.empty(),
                PromptSettings.Granularity.TEACHER));
    assertThat(load("dent", "{source: label-points}").classId())
        .as("labels have classes of their own")
        .isZero();
  }

  @Test
  void everyKeyArrives() throws IOException {
    PromptSettings settings =
        load(
            "dent, scratch",
            "{source: label-boxes, minArea: 9, granularity: none, fallback: {source: saliency, points: 5, class:"
                + " scratch, keep: 3, overlap: 0.6, minIou: 0.4, maxArea: 0.3}}");

    assertThat(settings.minArea()).isEqualTo(9);
    assertThat(settings.granularity()).isEqualTo(PromptSettings.Granularity.NONE);
    assertThat(settings.fallback())
        .contains(
            new PromptSettings(
                PromptSettings.Source.SALIENCY,
                1,
                16,
                16,
                5,
                2,
                3,
                0.6,
                0.4,
                0.3,
                Optional.empty(),
                PromptSettings.Granularity.TEACHER));
    PromptSettings grid = load("dent", "{source: grid, rows: 4, columns: 8}");
    assertThat(grid.rows()).isEqualTo(4);
    assertThat(grid.columns()).isEqualTo(8);
  }

  @Test
  void severalClassesNeedOneNamed() {
    refused(
        "dent, scratch",
        "{source: grid}",
        "source grid finds objects, not their classes, and the data set has 2 classes (add class:"
            + " one of [dent, scratch])");
    refused(
        "dent, scratch",
        "{source: label-boxes, fallback: {source: saliency}}",
        "source saliency finds objects, not their classes");
    refused("dent", "{source: grid, class: rust}", "class: 'rust' (must be one of [dent])");
  }

  @Test
  void keysOfAnotherSourceAreRefused() {
    refused(
        "dent",
        "{source: saliency, rows: 3}",
        "rows: 3 belongs to source grid, not to saliency (takes [points, class, keep, overlap,"
            + " minIou, maxArea])");
    refused(
        "dent",
        "{source: label-boxes, keep: 3}",
        "keep: 3 belongs to source grid, saliency, not to label-boxes (takes [minArea, fallback])");
    refused(
        "dent",
        "{source: grid, fallback: {source: saliency}}",
        "fallback is for images without labels, and source grid asks every image the same");
  }

  @Test
  void theSchemaHoldsTheRest() {
    refused("dent", "{source: boxes}", "prompts.source: does not have a value in the enumeration");
    refused("dent", "{source: grid, rows: 65}", "prompts.rows");
    refused("dent", "{source: grid, minIou: 1.5}", "prompts.minIou");
    refused(
        "dent",
        "{source: label-boxes, fallback: {source: label-points}}",
        "prompts.fallback.source: does not have a value in the enumeration [grid, saliency]");
    refused("dent", "{source: label-boxes, fallback: {source: grid, row: 1}}", "fallback");
    refused(
        "dent",
        "{source: label-points, granularity: fine}",
        "prompts.granularity: does not have a value in the enumeration [none, proposals]");
    refused(
        "dent",
        "{source: label-points, fallback: {source: grid, granularity: none}}",
        "Invalid prompts: fallback: {granularity: none} (of all that is asked: say it beside source");
  }

  private void refused(String classes, String prompts, String message) {
    assertThatThrownBy(() -> load(classes, prompts))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  private PromptSettings load(String classes, String prompts) throws IOException {
    Path file = folder.resolve("dataset.yaml");
    Files.writeString(
        file,
        """
        name: plates
        classes: [%s]
        sources: [{images: images, split: hash}]
        input: {height: 64, width: 64}
        prompts: %s
        """
            .formatted(classes, prompts));
    return DatasetConfig.load(file).prompts();
  }
}
