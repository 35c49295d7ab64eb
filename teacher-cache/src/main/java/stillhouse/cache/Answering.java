package stillhouse.cache;

import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * Cached features to rows of the answers table. The decoder sees the features as they were stored,
 * so an answer is the same whether it is asked for at once or a year later. Logits are stored as
 * fp16.
 */
record Answering(TeacherSource source, TeacherAccess access, PromptPlan plan, CacheKeys keys)
    implements MapPartitionsFunction<Row, Row> {

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    Stream<Row> stream = StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false);
    if (!keys.spec().promptable()) {
      return stream.map(this::dense).iterator();
    }
    Teacher teacher = TaskTeacher.acquire(access, source);
    return stream.flatMap(row -> prompted(row, teacher)).iterator();
  }

  private Row dense(Row row) {
    FloatTensor logits = layer(row, Teacher.LOGITS);
    return answer(row, CacheKeys.NO_PROMPT, null, logits, null);
  }

  private Stream<Row> prompted(Row row, Teacher teacher) {
    int width = row.getAs("width");
    int height = row.getAs("height");
    List<Prompt> prompts;
    try {
      byte[] mask = row.getAs("mask");
      Optional<ClassMask> labels = Optional.ofNullable(mask).map(ImageCodec::decodeMask);
      prompts = plan.prompts(width, height, labels);
    } catch (RuntimeException e) {
      List<String> uris = row.getList(row.fieldIndex("image_uris"));
      return Stream.of(
          Outcome.failure(
              CacheTables.ANSWERS.size(), uris.toArray(String[]::new), "no prompts", e));
    }
    if (prompts.isEmpty()) {
      return Stream.of(answer(row, CacheKeys.NO_PROMPT, null, null, null));
    }
    Map<String, FloatTensor> features = new HashMap<>();
    keys.spec().layers().forEach(layer -> features.put(layer, layer(row, layer)));
    return prompts.stream()
        .distinct()
        .map(
            prompt -> {
              MaskAnswer answer = teacher.decode(features, width, height, prompt);
              return answer(
                  row, json(prompt), prompt.classId(), answer.logits(), answer.predictedIou());
            });
  }

  private Row answer(Row row, String prompt, Integer classId, FloatTensor logits, Float iou) {
    String featureKey = row.getAs(CacheTables.FEATURE_KEY);
    String fingerprint = row.getAs(CacheTables.PROMPT_FINGERPRINT);
    return Outcome.success(
        keys.answerKey(featureKey, fingerprint, prompt),
        featureKey,
        keys.spec().decoderDigest().hex(),
        fingerprint,
        prompt,
        classId,
        logits == null ? null : TensorColumn.encode(logits, DType.FP16),
        iou);
  }

  private static FloatTensor layer(Row row, String layer) {
    return TensorColumn.decode(row.getAs(CacheTables.layerColumn(layer)));
  }

  /** One line, keys in a fixed order: it is part of the answer's key. */
  static String json(Prompt prompt) {
    if (prompt instanceof Prompt.Box box) {
      return String.format(
          Locale.ROOT,
          "{\"box\":[%s,%s,%s,%s],\"class\":%d}",
          box.x0(),
          box.y0(),
          box.x1(),
          box.y1(),
          box.classId());
    }
    var point = (Prompt.Point) prompt;
    return String.format(
        Locale.ROOT,
        "{\"point\":[%s,%s],\"foreground\":%s,\"class\":%d}",
        point.x(),
        point.y(),
        point.foreground(),
        point.classId());
  }
}
