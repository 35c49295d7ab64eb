package stillhouse.comm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CollectiveWatchdogTest {
  @Test
  void actsOnACollectiveThatHangs() throws Exception {
    var expired = new CompletableFuture<String>();
    try (var watchdog = new CollectiveWatchdog(Duration.ofMillis(50), expired::complete)) {
      watchdog.guard("the sum of 9 floats as rank 1 of 4", () -> expired.get(10, TimeUnit.SECONDS));
    }
    assertThat(expired.getNow(""))
        .startsWith("Halting this JVM: the sum of 9 floats as rank 1 of 4 did not end within")
        .contains("collectiveTimeoutSeconds", "resumes from its last checkpoint");
  }

  @Test
  void leavesACollectiveThatEndsAlone() throws Exception {
    var expired = new CompletableFuture<String>();
    try (var watchdog = new CollectiveWatchdog(Duration.ofMillis(50), expired::complete)) {
      watchdog.guard("a short one", () -> {});
      assertThat(expired).failsWithin(Duration.ofMillis(200)); // four times the limit
    }
  }

  @Test
  void refusesNoTime() {
    assertThatThrownBy(() -> new CollectiveWatchdog(Duration.ZERO))
        .hasMessage("Invalid collectiveTimeoutSeconds: 0.0 (must be > 0)");
  }
}
