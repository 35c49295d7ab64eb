package stillhouse.loss;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * How teacher features reach the space of SARD's losses.
 *
 * @param dimensions C′, at most the teacher's channels
 * @param varianceFloor γ of the learned projection's hinge, a share of the teacher's own spread
 */
public record ProjectionSettings(
    Integer dimensions, TeacherProjection teacherProjection, Double varianceFloor)
    implements Serializable {
  /** P_T. */
  public enum TeacherProjection {
    /** The data set's leading principal directions, frozen. */
    @JsonProperty("pca")
    PCA,
    /** The centred features themselves: C′ = C. */
    @JsonProperty("identity")
    IDENTITY,
    /** A trainable 1×1 convolution without bias, held off collapse by a hinge. */
    @JsonProperty("learned")
    LEARNED
  }

  /** The defaults: 64 principal directions. */
  public static final ProjectionSettings DEFAULT = new ProjectionSettings(null, null, null);

  public ProjectionSettings {
    dimensions = dimensions == null ? 64 : dimensions; // 93 % of the variance of SAM 2's 256
    teacherProjection = teacherProjection == null ? TeacherProjection.PCA : teacherProjection;
    varianceFloor = varianceFloor == null ? 0.5 : varianceFloor;
  }
}
