package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.structure.StructureMaps;
import stillhouse.structure.StructureTensor;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Half;
import stillhouse.tensor.TensorColumn;

class EncodingTest {
  private static final Sha256 RULE = Sha256.of(new byte[] {1});
  private static final int CHANNELS = 6;
  private static final int KEPT = 2;

  /** (F − μ)·(0.6, 0.8) of the two cells (3, 1) and (1, 3) around (1, 1). */
  @Test
  void projectsByHand() {
    var projection =
        new Projection(new float[] {1, 1}, new float[][] {{0.6f, 0.8f}}, new float[] {1});
    var map = new FloatTensor(new int[] {2, 1, 2}, new float[] {3, 1, 1, 3});
    FloatTensor z = projection.project(map);
    assertThat(z.shape()).containsExactly(1, 1, 2);
    assertThat(z.data()).containsExactly(new float[] {1.2f, 1.6f}, within(1e-6f));
    FloatTensor back = projection.restore(z);
    assertThat(back.shape()).containsExactly(2, 1, 2);
    assertThat(back.data())
        .containsExactly(new float[] {1.72f, 1.96f, 1.96f, 2.28f}, within(1e-6f));
  }

  /** The projection's own maps come back whole, and a second time changes nothing. */
  @Property(tries = 30)
  void whatIsKeptComesBack(@ForAll @IntRange(min = 1, max = 500) int seed) {
    Projection projection = projection(seed, KEPT);
    FloatTensor z = random(seed, KEPT);
    FloatTensor restored = projection.restore(z);
    assertThat(projection.project(restored).data()).containsExactly(z.data(), within(1e-4f));
    FloatTensor far = random(seed + 1, CHANNELS);
    double kept = squares(projection.project(far).data(), 0);
    double lost = distance(far, projection.restore(projection.project(far)));
    double all = squaresAround(far, projection.mean());
    assertThat(kept + lost).as("Pythagoras").isCloseTo(all, within(1e-3 * all));
  }

  /** J = Σ_c ∇F_c ∇F_cᵀ and D are sums over channels of products, which orthonormal rows keep. */
  @Property(tries = 20)
  void structureOfWhatIsStoredIsThatOfWhatIsRestored(
      @ForAll @IntRange(min = 1, max = 500) int seed) {
    Projection projection = projection(seed, KEPT);
    FloatTensor z = projection.project(random(seed, CHANNELS));
    same(StructureTensor.maps(z, 2), StructureTensor.maps(projection.restore(z), 2));
  }

  /** What structure maps lose by a projection is the variance that it discards: here none. */
  @Property(tries = 20)
  void structureOfAMapThatTheProjectionHoldsIsTheTeachersOwn(
      @ForAll @IntRange(min = 1, max = 500) int seed) {
    Projection all = projection(seed, CHANNELS);
    FloatTensor map = random(seed, CHANNELS);
    same(StructureTensor.maps(all.project(map), 2), StructureTensor.maps(map, 2));
  }

  @Test
  void keysOfMapsWithAllTheirChannelsAreWhatTheyWere() {
    TeacherSpec spec = InMemoryTeacher.encoder("e").spec();
    Map<DType, String> written =
        Map.of(DType.FP32, "fp32", DType.FP16, "fp16", DType.INT8, "int8/1");
    written.forEach(
        (type, name) ->
            assertThat(CacheKeys.of(spec, null, Encoding.of(type), 7).featureKey("aa"))
                .isEqualTo(
                    Fingerprint.of("feature")
                        .add("content", "aa")
                        .add("preprocessing", spec.preprocessing())
                        .add("encoder", spec.encoderDigest())
                        .add("view", "identity")
                        .add("encoding", name)
                        .add("layers", "Embedding.0")
                        .digest()
                        .hex()));
    assertThat(Encoding.of(DType.INT8).text()).isEqualTo("int8");
  }

  @Test
  void aKeyHoldsEveryNumberOfTheProjection() {
    TeacherSpec spec = InMemoryTeacher.encoder("e").spec();
    Encoding first = projected(DType.INT8, projection(1, KEPT));
    Encoding other = projected(DType.INT8, projection(2, KEPT));
    assertThat(first.text()).isEqualTo("int8 Embedding.0=" + RULE).isEqualTo(other.text());
    assertThat(first).isEqualTo(projected(DType.INT8, projection(1, KEPT))).isNotEqualTo(other);
    assertThat(CacheKeys.of(spec, null, first, 7).featureKey("aa"))
        .isNotEqualTo(CacheKeys.of(spec, null, other, 7).featureKey("aa"))
        .isNotEqualTo(CacheKeys.of(spec, null, Encoding.of(DType.INT8), 7).featureKey("aa"));
  }

  @Test
  void bytesOfAProjectedMapComeBackWithAllItsChannels() {
    Projection projection = projection(3, KEPT);
    FloatTensor map = random(3, CHANNELS);
    for (DType type : DType.values()) {
      Encoding encoding = projected(type, projection);
      Row stored = UnstorableException.encodeForViews("map", map, encoding, "Embedding.0");
      Row features = features(encoding.text(), stored);
      assertThat(encoding.stored("Embedding.0", features).shape()).containsExactly(KEPT, 4, 5);
      FloatTensor back = encoding.restored("Embedding.0", features);
      assertThat(back.shape()).containsExactly(CHANNELS, 4, 5);
      assertThat(encoding.channels("Embedding.0", KEPT)).isEqualTo(CHANNELS);
      // int8 moves no value of Z by more than half a step; a step here is under 0.1.
      assertThat(back.data())
          .containsExactly(projection.restore(projection.project(map)).data(), within(0.1f));
    }
  }

  @Test
  void refusesRowsOfAnotherEncodingNamingBoth() {
    Encoding encoding = projected(DType.INT8, projection(1, KEPT));
    Row row = features("fp16", TensorColumn.encode(random(1, CHANNELS), DType.FP16));
    assertThatThrownBy(() -> encoding.restored("Embedding.0", row))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "Cannot read layer 'Embedding.0' of key 1: stored as 'fp16', this run expects 'int8"
                + " Embedding.0="
                + RULE
                + "'. Set the data set's cache: to what it was written with, or run the cache job"
                + " with what it says now.");
  }

  @Test
  void refusesMapsOfOtherChannelsNamingBoth() {
    Projection projection = projection(1, KEPT);
    assertThatThrownBy(() -> projection.project(random(1, KEPT)))
        .hasMessage(
            "Cannot project FloatTensor[2, 4, 5]: the projection is of 6 channels to 2 and takes"
                + " [6, h, w]");
    assertThatThrownBy(() -> projection.restore(random(1, CHANNELS)))
        .hasMessage(
            "Cannot restore FloatTensor[6, 4, 5]: the projection is of 6 channels to 2 and takes"
                + " [2, h, w]");
  }

  @Test
  void logitsKeepTheirChannels() {
    var fitted = new Encoding.Fitted(RULE, projection(1, KEPT));
    assertThatThrownBy(() -> new Encoding(DType.FP16, new TreeMap<>(Map.of("logits", fitted))))
        .hasMessage(
            "Invalid projection of layer 'logits': its channels are the classes. Project feature"
                + " maps alone.");
    assertThat(projected(DType.INT8, projection(1, KEPT)).type("logits")).isEqualTo(DType.FP16);
  }

  private static Encoding projected(DType type, Projection projection) {
    var fitted = new Encoding.Fitted(RULE, projection);
    return new Encoding(type, new TreeMap<>(Map.of("Embedding.0", fitted)));
  }

  private static Row features(String encoding, Row tensor) {
    StructType type =
        new StructType()
            .add("feature_key", "string")
            .add("encoding", "string")
            .add("layer_embedding_0", TensorColumn.TYPE);
    return new GenericRowWithSchema(new Object[] {"key 1", encoding, tensor}, type);
  }

  /** Fitted to random maps: orthonormal as any fit is. */
  private static Projection projection(int seed, int dimensions) {
    return Pca.projection(
        new Moments(CHANNELS).observe(Half.encode(random(-seed, CHANNELS).data())), dimensions);
  }

  /** [channels, 4, 5], one channel after the other of growing spread, around 3. */
  private static FloatTensor random(int seed, int channels) {
    var random = new Random(seed);
    float[] data = new float[channels * 20];
    for (int i = 0; i < data.length; i++) {
      data[i] = 3 + (1 + i / 20) * (random.nextFloat() - 0.5f);
    }
    return new FloatTensor(new int[] {channels, 4, 5}, data);
  }

  private static double squares(float[] values, float around) {
    double sum = 0;
    for (float v : values) {
      sum += ((double) v - around) * ((double) v - around);
    }
    return sum;
  }

  private static double squaresAround(FloatTensor map, float[] mean) {
    double sum = 0;
    for (int i = 0; i < map.data().length; i++) {
      sum += Math.pow((double) map.data()[i] - mean[i / 20], 2);
    }
    return sum;
  }

  private static double distance(FloatTensor a, FloatTensor b) {
    double sum = 0;
    for (int i = 0; i < a.data().length; i++) {
      sum += Math.pow((double) a.data()[i] - b.data()[i], 2);
    }
    return sum;
  }

  private static void same(StructureMaps actual, StructureMaps expected) {
    same(actual.e(), expected.e());
    same(actual.c(), expected.c());
    same(actual.d(), expected.d());
  }

  private static void same(FloatTensor actual, FloatTensor expected) {
    float most = 0;
    for (float v : expected.data()) {
      most = Math.max(most, v);
    }
    assertThat(actual.data()).containsExactly(expected.data(), within(1e-4f * most));
  }
}
