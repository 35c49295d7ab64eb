package stillhouse.cache;

import java.util.Collections;
import java.util.Iterator;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.spark.sql.Row;
import stillhouse.structure.StructureMaps;
import stillhouse.structure.StructureTensor;
import stillhouse.tensor.DType;

/** Cached embeddings to rows of the structure table. */
record StructureMapping(CacheKeys keys) implements Outcome.Work {
  @Override
  public Iterator<Outcome> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false)
        .map(this::measure)
        .iterator();
  }

  private Outcome measure(Row row) {
    String layer = keys.spec().embedding();
    String featureKey = row.getAs(CacheTables.FEATURE_KEY);
    // Z as it is: P's rows are orthonormal, so its E, C and D are those of the restored map.
    StructureMaps maps = StructureTensor.maps(keys.encoding().stored(layer, row), keys.radius());
    try {
      return Outcome.stored(
          keys.structureKey(featureKey),
          featureKey,
          layer,
          keys.radius(),
          StructureTensor.OPERATOR_VERSION,
          UnstorableException.encode("structure map E", maps.e(), DType.FP32),
          UnstorableException.encode("structure map C", maps.c(), DType.FP32),
          UnstorableException.encode("structure map D", maps.d(), DType.FP32));
    } catch (UnstorableException e) {
      return Outcome.failed(row, keys.structureKey(featureKey), Outcome.UNSTORABLE, e);
    }
  }
}
