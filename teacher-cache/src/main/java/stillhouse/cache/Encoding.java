package stillhouse.cache;

import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import stillhouse.identity.Sha256;
import stillhouse.teacher.Teacher;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * How a teacher's feature maps are stored: the type of their elements and, of some layers, a
 * projection of the channels before that. Part of every feature key, so maps of two encodings stand
 * beside each other and never in each other's place.
 *
 * <p>A projected layer F [C, h, w] is stored as Z = P (F − μ) [C′, h, w]. What reads a layer
 * chooses: {@link #stored} gives Z itself, {@link #restored} gives F̂ = μ + Pᵀ Z [C, h, w], F's
 * nearest point of those that the projection can tell apart. P's rows are orthonormal, so Z has
 * F̂'s distances, gradients' products and variances.
 *
 * @param projections by layer; empty where every layer keeps its channels
 */
public record Encoding(DType type, SortedMap<String, Fitted> projections) implements Serializable {
  /** The features table's column that holds {@link #text}. */
  static final String COLUMN = "encoding";

  /**
   * A projection that a workspace keeps.
   *
   * @param rule what it was fitted by: the name of its folder in {@code cache/projections}
   */
  public record Fitted(Sha256 rule, Projection projection) implements Serializable {}

  public Encoding {
    projections = Collections.unmodifiableSortedMap(new TreeMap<>(projections));
    if (projections.containsKey(Teacher.LOGITS)) {
      throw new IllegalArgumentException(
          "Invalid projection of layer '"
              + Teacher.LOGITS
              + "': its channels are the classes. Project feature maps alone.");
    }
  }

  /** Every layer with its own channels. */
  public static Encoding of(DType type) {
    return new Encoding(type, new TreeMap<>(Map.of()));
  }

  /** As the table names it: {@code int8}, {@code int8 embedding=<rule's digest>}. */
  public String text() {
    var text = new StringBuilder(type.text());
    projections.forEach(
        (layer, fitted) -> text.append(' ').append(layer).append('=').append(fitted.rule()));
    return text.toString();
  }

  /** As a key names it: by the projections' own numbers, not by what they were fitted by. */
  String key() {
    var key = new StringBuilder(type.key());
    projections.forEach(
        (layer, fitted) ->
            key.append(' ').append(layer).append('=').append(fitted.projection().digest()));
    return key.toString();
  }

  /**
   * How a layer's elements are stored: {@link #type}, but a segmenter's logits never below fp16.
   */
  DType type(String layer) {
    return layer.equals(Teacher.LOGITS) ? type.floating() : type;
  }

  Optional<Projection> projection(String layer) {
    return Optional.ofNullable(projections.get(layer)).map(Fitted::projection);
  }

  /** Channels of {@link #restored}, of a layer that is stored with {@code stored} channels. */
  int channels(String layer, int stored) {
    return projection(layer).map(Projection::channels).orElse(stored);
  }

  /** What of a teacher's map is stored: Z of a projected layer, else the map itself. */
  FloatTensor kept(String layer, FloatTensor map) {
    return projection(layer).map(p -> p.project(map)).orElse(map);
  }

  /**
   * A layer as it is stored, [C′, h, w] of a projected one.
   *
   * @param features a row of the features table with {@link #COLUMN} and the layer's column
   * @throws IllegalStateException where the row is of another encoding, naming both
   */
  FloatTensor stored(String layer, Row features) {
    String found = features.getAs(COLUMN);
    if (!text().equals(found)) {
      throw new IllegalStateException(
          "Cannot read layer '%s' of %s: stored as '%s', this run expects '%s'. Set the data set's cache: to what it was written with, or run the cache job with what it says now."
              .formatted(layer, features.getAs(CacheTables.FEATURE_KEY), found, text()));
    }
    return TensorColumn.decode(features.getAs(CacheTables.layerColumn(layer)));
  }

  /** {@link #stored} with all the channels that the teacher gave, [C, h, w]. */
  FloatTensor restored(String layer, Row features) {
    return restored(layer, stored(layer, features));
  }

  /** Of a map that was stored, or any weighted mean of its cells: that of Z is the mean's Z. */
  FloatTensor restored(String layer, FloatTensor stored) {
    return projection(layer).map(p -> p.restore(stored)).orElse(stored);
  }
}
