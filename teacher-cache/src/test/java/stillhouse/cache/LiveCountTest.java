package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import stillhouse.Sessions;

class LiveCountTest {
  private static final StructType ID = new StructType().add("id", "long");
  private final SparkSession spark = Sessions.local();

  @Test
  void tellsHowFarARunningTaskIs() {
    List<Long> told = new CopyOnWriteArrayList<>();
    try (var live = new LiveCount(spark.sparkContext(), Duration.ZERO, told::add)) {
      assertThat(work(live.counting(slowly(150)))).hasSize(40);
    }
    assertThat(told).isNotEmpty().isSorted().doesNotHaveDuplicates();
    assertThat(told.get(0)).isBetween(1L, 39L);
    assertThat(told.get(told.size() - 1)).isLessThanOrEqualTo(40);
  }

  @Test
  void tellsNothingMoreOftenThanAsked() {
    List<Long> told = new CopyOnWriteArrayList<>();
    try (var live = new LiveCount(spark.sparkContext(), Duration.ofHours(1), told::add)) {
      assertThat(work(live.counting(slowly(60)))).hasSize(40);
    }
    assertThat(told).isEmpty();
  }

  private List<Row> work(MapPartitionsFunction<Row, Row> function) {
    Dataset<Row> rows = spark.range(0, 40, 1, 2).toDF("id");
    return rows.mapPartitions(function, Encoders.row(ID)).collectAsList();
  }

  private static MapPartitionsFunction<Row, Row> slowly(long millis) {
    return rows -> {
      List<Row> out = new ArrayList<>();
      for (Iterator<Row> it = rows; it.hasNext(); ) {
        out.add(it.next());
        Thread.sleep(millis);
      }
      return out.iterator();
    };
  }
}
