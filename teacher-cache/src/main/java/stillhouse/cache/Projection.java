package stillhouse.cache;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.tensor.FloatTensor;

/**
 * P (F − μ): a channel mean and the leading principal directions around it, fitted on a teacher's
 * own features. Frozen. Equal where every number is.
 */
public final class Projection implements Serializable {
  private static final long serialVersionUID = 1L;

  private final float[] mean;
  private final float[][] directions;
  private final float[] variances;
  private final Sha256 digest;

  /**
   * @param mean μ, [C]
   * @param directions P: orthonormal rows, [C′][C], by falling variance
   * @param variances share of the variance that each direction explains, [C′]
   */
  public Projection(float[] mean, float[][] directions, float[] variances) {
    if (directions.length != variances.length
        || Arrays.stream(directions).anyMatch(d -> d.length != mean.length)) {
      throw new IllegalArgumentException(
          "Invalid projection: mean of "
              + mean.length
              + ", "
              + directions.length
              + " directions, "
              + variances.length
              + " variances");
    }
    this.mean = mean;
    this.directions = directions;
    this.variances = variances;
    this.digest = print().digest();
  }

  /** C. */
  public int channels() {
    return mean.length;
  }

  /** C′. */
  public int dimensions() {
    return directions.length;
  }

  /** Shared, not a copy. */
  public float[] mean() {
    return mean;
  }

  /** Shared, not a copy. */
  public float[][] directions() {
    return directions;
  }

  public float[] variances() {
    return variances;
  }

  /** Share of the variance that all directions together explain. */
  public double explained() {
    double sum = 0;
    for (float share : variances) {
      sum += share;
    }
    return sum;
  }

  /** Of every number in it. */
  public Sha256 digest() {
    return digest;
  }

  private Fingerprint print() {
    Fingerprint print = Fingerprint.of("projection 1").add("mean", bytes(mean));
    for (float[] direction : directions) {
      print.add("direction", bytes(direction));
    }
    return print.add("variances", bytes(variances));
  }

  /**
   * Z = P (F − μ) in each cell.
   *
   * @param map F, [C, h, w]
   * @return [C′, h, w]
   */
  public FloatTensor project(FloatTensor map) {
    requireChannels("project", map, channels());
    int cells = map.data().length / channels();
    float[] out = new float[dimensions() * cells];
    float[] centred = new float[cells];
    for (int c = 0; c < channels(); c++) {
      for (int i = 0; i < cells; i++) {
        centred[i] = map.data()[c * cells + i] - mean[c];
      }
      for (int k = 0; k < dimensions(); k++) {
        addScaled(directions[k][c], centred, 0, out, k * cells, cells);
      }
    }
    return new FloatTensor(new int[] {dimensions(), map.dim(1), map.dim(2)}, out);
  }

  /**
   * F̂ = μ + Pᵀ Z in each cell.
   *
   * @param projected Z, [C′, h, w]
   * @return [C, h, w]
   */
  public FloatTensor restore(FloatTensor projected) {
    requireChannels("restore", projected, dimensions());
    int cells = dimensions() == 0 ? 0 : projected.data().length / dimensions();
    float[] out = new float[channels() * cells];
    for (int c = 0; c < channels(); c++) {
      Arrays.fill(out, c * cells, (c + 1) * cells, mean[c]);
      for (int k = 0; k < dimensions(); k++) {
        addScaled(directions[k][c], projected.data(), k * cells, out, c * cells, cells);
      }
    }
    return new FloatTensor(new int[] {channels(), projected.dim(1), projected.dim(2)}, out);
  }

  private static void addScaled(float by, float[] from, int at, float[] to, int into, int cells) {
    for (int i = 0; i < cells; i++) {
      to[into + i] += by * from[at + i];
    }
  }

  private void requireChannels(String what, FloatTensor map, int expected) {
    if (map.rank() != 3 || map.dim(0) != expected) {
      throw new IllegalArgumentException(
          "Cannot %s %s: the projection is of %d channels to %d and takes [%d, h, w]"
              .formatted(what, map, channels(), dimensions(), expected));
    }
  }

  private static byte[] bytes(float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Projection that && digest.equals(that.digest);
  }

  @Override
  public int hashCode() {
    return digest.hashCode();
  }

  @Override
  public String toString() {
    return "Projection[%d to %d, %s]".formatted(channels(), dimensions(), digest.brief());
  }
}
