package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import stillhouse.conf.ConfFiles;
import stillhouse.student.StudentConfig;

class NetworkTest {
  /** What the all-reduce carries and {@code plan} reckons with. */
  @Test
  void aStudentsParametersAreThoseOfItsPromptsToo() {
    assertThat(parameters("tiny-conv-prompt") - parameters("tiny-conv")).isEqualTo(160_072);
    assertThat(parameters("tiny-conv-prompt-prior") - parameters("tiny-conv-prompt"))
        .isEqualTo(27_941);
  }

  private static long parameters(String student) {
    return Network.parameters(StudentConfig.load(ConfFiles.find("students", student)), 3);
  }
}
