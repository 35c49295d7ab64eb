package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import stillhouse.conf.ConfFiles;
import stillhouse.train.Recipe;
import stillhouse.train.TrainingSettings;

class TrainingOptionsTest {
  private static final Recipe SARD = Recipe.load(ConfFiles.find("recipes", "sard"));

  @Test
  void whatIsGivenStandsInPlaceOfTheRecipes() {
    TrainingSettings given =
        applied("--epochs=7", "--batch=16", "--ranks=2", "--accumulation=8", "--learning-rate=0.5");
    assertThat(given.epochs()).isEqualTo(7);
    assertThat(given.batch()).isEqualTo(16);
    assertThat(given.accumulation()).isEqualTo(8);
    assertThat(given.optimizer().learningRate()).isEqualTo(0.5);
    assertThat(applied()).as("nothing is given").isEqualTo(SARD.training());
  }

  private static TrainingSettings applied(String... options) {
    return CommandLine.populateCommand(new TrainingOptions(), options).apply(SARD).training();
  }
}
