package stillhouse.spark;

import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import stillhouse.data.RgbImage;
import stillhouse.teacher.EncodeAhead;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSource;

/** Rows with the teacher's output, or the reason why there is none, behind their own columns. */
record AskTeacher(
    TeacherSource source,
    InputColumn input,
    OutputColumns outputs,
    SerializableConfiguration hadoop)
    implements MapPartitionsFunction<Row, Row> {

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    Teacher teacher = TeacherPool.shared().acquire(source);
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> teacher.close());
    return EncodeAhead.inTask(teacher, rows, new Cells())
        .map(this::answered, u -> failed(u.row(), u.cause()), r -> failed(r.row(), r.cause()));
  }

  private final class Cells implements EncodeAhead.Reading<Row> {
    @Override
    public RgbImage read(Row row) {
      return input.read(row, hadoop.value());
    }

    @Override
    public String name(Row row) {
      return input.name(row);
    }
  }

  private Row answered(EncodeAhead.Features<Row> features) {
    try {
      return row(features.row(), outputs.encode(features.maps()), null);
    } catch (IllegalArgumentException e) {
      return row(features.row(), null, e.getMessage());
    }
  }

  private static Row failed(Row row, RuntimeException cause) {
    return row(row, null, String.valueOf(cause.getMessage()));
  }

  private static Row row(Row row, Row output, String error) {
    Object[] values = Arrays.copyOf(fields(row), row.size() + 2);
    values[row.size()] = output;
    values[row.size() + 1] = error;
    return RowFactory.create(values);
  }

  private static Object[] fields(Row row) {
    Object[] fields = new Object[row.size()];
    for (int i = 0; i < fields.length; i++) {
      fields[i] = row.get(i);
    }
    return fields;
  }
}
