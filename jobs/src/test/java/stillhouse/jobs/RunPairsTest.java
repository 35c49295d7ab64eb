package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.conf.ConfigException;

class RunPairsTest {
  @Test
  void pairsRunsThatDifferInTheRecipeAloneAndNamesTheRest() {
    RunPairs pairs =
        RunPairs.of(
            List.of(
                score("a1", "base", "tiny", 1, 1),
                score("a0", "base", "tiny", 0, 1),
                score("a2", "base", "tiny", 2, 1),
                score("b0", "sard", "tiny", 0, 1),
                score("b1", "sard", "tiny", 1, 1),
                score("b2", "sard", "tiny", 2, 0.1),
                score("b3", "sard", "wide", 2, 1),
                score("c0", "other", "tiny", 2, 1)),
            "base",
            "sard");
    assertThat(pairs.pairs())
        .extracting(p -> p.seed() + " " + p.baseline().name() + " " + p.candidate().name())
        .containsExactly("0 a0 b0", "1 a1 b1");
    assertThat(pairs.alone())
        .hasSize(3)
        .contains(
            "a2: no evaluated run of recipe sard has student tiny, labels 1.0, split test, seed 2",
            "b2: no evaluated run of recipe base has student tiny, labels 0.1, split test, seed 2");
  }

  @Test
  void refusesToGuessBetweenTwoRunsOfOneKind() {
    var scores = List.of(score("a", "base", "tiny", 0, 1), score("again", "base", "tiny", 0, 1));
    assertThatThrownBy(() -> RunPairs.of(scores, "base", "sard"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("a and again are both of student tiny, labels 1.0");
  }

  private static Score score(String name, String recipe, String student, long seed, double labels) {
    return new Score(
        name,
        "student",
        recipe,
        student,
        seed,
        labels,
        4,
        "test",
        Map.of(),
        1L,
        1,
        1,
        "",
        "",
        "file:" + name,
        "run");
  }
}
