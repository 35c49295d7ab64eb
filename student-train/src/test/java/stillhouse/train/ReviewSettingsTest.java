package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.conf.ConfigException;
import stillhouse.predict.Reading;

class ReviewSettingsTest {
  private static final String SMALL =
      """
      name: small
      losses: {dice: {weight: 1}}
      training:
        epochs: 3
        batch: 4
        optimizer: {type: adamw, learningRate: 0.001}
      """;

  @TempDir Path folder;

  @Test
  void movesNoWeightSoTheRecipesDigestIsTheSame() throws IOException {
    Recipe plain = load("");
    Recipe reviewed = load("  review: {everyEpochs: 2}\n");
    assertThat(plain.training().review()).isNull();
    assertThat(reviewed.training().review()).isEqualTo(new ReviewSettings(2, "absolute", 0.15));
    assertThat(Reading.of(reviewed.training().review().reading())).contains(Reading.ABSOLUTE);
    assertThat(reviewed.digest()).isEqualTo(plain.digest());
    assertThat(load("  review: {everyEpochs: 2}\n  validation: {everyEpochs: 1}\n").digest())
        .isEqualTo(plain.digest());
    assertThat(reviewed.withTraining(7, 8).training().review())
        .isEqualTo(reviewed.training().review());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{everyEpochs: 0}                   | training.review.everyEpochs:        | 1",
        "{everyEpochs: 1, reading: iou}     | training.review.reading:            | absolute",
        "{everyEpochs: 1, threshold: 1}     | training.review.threshold:          | 1",
        "{everyEpochs: 1, split: val}       | training.review.split is not valid  | reading",
        "{reading: below}                   | training.review                     | everyEpochs"
      })
  void refusesOtherWords(String yaml, String where, String allowed) {
    assertThatThrownBy(() -> load("  review: " + yaml + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(where)
        .hasMessageContaining(allowed);
  }

  private Recipe load(String more) throws IOException {
    return Recipe.load(Files.writeString(folder.resolve("recipe.yaml"), SMALL + more));
  }
}
