package stillhouse.tensorrt;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * The device that an engine is for. What is not known is empty.
 *
 * @param computeCapability such as 8.7
 * @param driver its version; of a Jetson that of its Linux for Tegra
 * @param cuda the version that the driver offers, or of the toolkit that is installed
 */
@JsonPropertyOrder({"name", "compute_capability", "driver", "cuda"})
public record Gpu(
    String name,
    @JsonProperty("compute_capability") String computeCapability,
    String driver,
    String cuda) {
  /** With what {@code trtexec} says of the device that it took, where it says it. */
  Gpu as(String selected, String capability) {
    return new Gpu(
        selected.isEmpty() ? name : selected,
        capability.isEmpty() ? computeCapability : capability,
        driver,
        cuda);
  }
}
