package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunNameTest {
  @Test
  void allLabelsAreNotNamed() {
    assertThat(RunName.of("tiny-conv", "sard", 1, 3)).isEqualTo("tiny-conv.sard.s3");
  }

  @ParameterizedTest
  @CsvSource({
    "0.1, l10",
    "0.01, l1",
    "0.29, l29",
    "0.101, l10.1",
    "0.104, l10.4",
    "0.999, l99.9",
    "0.00001, l0.001",
  })
  void aShareOfLabelsIsNamedInPercentAndNotRounded(double labels, String part) {
    assertThat(RunName.of("tiny-conv", "sard", labels, 0))
        .isEqualTo("tiny-conv.sard." + part + ".s0");
  }
}
