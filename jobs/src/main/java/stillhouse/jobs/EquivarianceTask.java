package stillhouse.jobs;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.View;
import stillhouse.teacher.Equivariance;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.PromptedImage;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSource;

/** Samples to rows of {@link #FIGURES}. */
record EquivarianceTask(TeacherSource source, ImageSource images, PromptPlan plan, List<View> views)
    implements MapPartitionsFunction<Row, Row> {
  private static final Logger log = LoggerFactory.getLogger(EquivarianceTask.class);

  static final StructType FIGURES =
      new StructType()
          .add(Samples.SAMPLE_ID, DataTypes.StringType)
          .add("view", DataTypes.StringType)
          .add("map", DataTypes.StringType)
          .add("measure", DataTypes.StringType)
          .add("value", DataTypes.DoubleType);

  static Equivariance.Figure figure(Row row) {
    return new Equivariance.Figure(
        View.of(row.getString(1)),
        row.getString(2),
        Equivariance.Measure.valueOf(row.getString(3)),
        row.getDouble(4));
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    Teacher teacher = teacher();
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false)
        .flatMap(row -> measured(row, teacher))
        .iterator();
  }

  /** The JVM's one loaded teacher, given back with the task. */
  Teacher teacher() {
    Teacher teacher = TeacherPool.shared().acquire(source);
    TaskContext.get()
        .addTaskCompletionListener((TaskCompletionListener) context -> teacher.close());
    return teacher;
  }

  /** In the pixels of the image as it is. */
  List<Prompt> prompts(Row row, RgbImage image) {
    if (!source.spec().promptable()) {
      return List.of();
    }
    byte[] mask = row.getAs(Samples.MASK);
    Optional<ClassMask> labels = Optional.ofNullable(mask).map(ImageCodec::decodeMask);
    return plan.prompts(new PromptedImage(image.width(), image.height(), labels, () -> image));
  }

  /** Empty where the file can't be read now, as the cache job takes it. */
  Optional<RgbImage> image(Row row) {
    try {
      return Optional.of(images.read(row));
    } catch (RuntimeException e) {
      log.warn("Left out, for it can't be read: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private Stream<Row> measured(Row row, Teacher teacher) {
    return image(row)
        .map(image -> Equivariance.of(teacher, image, prompts(row, image), views))
        .stream()
        .flatMap(List::stream)
        .map(
            figure ->
                RowFactory.create(
                    row.getAs(Samples.SAMPLE_ID),
                    figure.view().text(),
                    figure.map(),
                    figure.measure().name(),
                    figure.value()));
  }
}
