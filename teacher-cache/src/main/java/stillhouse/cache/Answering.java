package stillhouse.cache;

import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.sql.Row;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Tile;
import stillhouse.data.UnreadableImageException;
import stillhouse.data.View;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.MaskSelection;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.PromptedImage;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;

/**
 * Cached features to rows of the answers table. The decoder sees the features as they were stored,
 * so an answer is the same whether it is asked for at once or a year later. Logits are stored as
 * fp16. A view is asked what its image is asked, moved with the pixels, and so about the same
 * objects whatever names them. An image has all its answers or none: one that can't be stored takes
 * the others with it. Pixels are read only for a plan that looks at them.
 */
record Answering(
    TeacherSource source, TeacherAccess access, PromptPlan plan, ImageSource images, CacheKeys keys)
    implements Outcome.Work {

  @Override
  public Iterator<Outcome> call(Iterator<Row> rows) {
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

  private Outcome dense(Row row) {
    FloatTensor logits = layer(row, Teacher.LOGITS);
    try {
      return answer(row, CacheKeys.NO_PROMPT, null, logits, null, 1);
    } catch (UnstorableException e) {
      return failure(row, Outcome.UNSTORABLE, e);
    }
  }

  private Stream<Outcome> prompted(Row row, Teacher teacher) {
    List<Prompt> prompts;
    PromptedImage image;
    try {
      image = image(row);
    } catch (RuntimeException e) { // its mask is none
      return Stream.of(failure(row, "no prompts", e));
    }
    try {
      prompts = prompts(row, image);
    } catch (UnreadableImageException e) {
      return Stream.of(failure(row, Outcome.UNREADABLE, e));
    } catch (RuntimeException e) {
      return Stream.of(failure(row, "no prompts", e));
    }
    try {
      List<Outcome> answers = answers(row, teacher, prompts, image);
      // Nothing was asked, or nothing of it kept.
      return answers.isEmpty()
          ? Stream.of(answer(row, CacheKeys.NO_PROMPT, null, null, null, 1))
          : answers.stream();
    } catch (UnstorableException e) {
      return Stream.of(failure(row, Outcome.UNSTORABLE, e));
    } catch (RefusedException e) {
      return Stream.of(failure(row, Outcome.REFUSED, e));
    }
  }

  /** The teacher fails on a prompt. */
  private static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message, RuntimeException cause) {
      super(message, cause);
    }
  }

  private PromptedImage image(Row row) {
    byte[] mask = row.getAs("mask");
    Optional<ClassMask> labels = Optional.ofNullable(mask).map(ImageCodec::decodeMask);
    return new PromptedImage(row.getAs("width"), row.getAs("height"), labels, () -> pixels(row));
  }

  /** Whatever keeps a picture from being read, it is the picture's fault and not the plan's. */
  private RgbImage pixels(Row row) {
    List<String> uris = row.getList(row.fieldIndex("image_uris"));
    try {
      return images.readAny(uris, row.getAs("content_sha256"), Tile.of(row));
    } catch (RuntimeException e) {
      throw new UnreadableImageException("not-readable", String.valueOf(e.getMessage()), e);
    }
  }

  private List<Outcome> answers(
      Row row, Teacher teacher, List<Prompt> prompts, PromptedImage pictured) {
    if (prompts.isEmpty()) {
      return List.of();
    }
    Optional<MaskSelection> selection = plan.selection(pictured);
    double largest = plan.largest(pictured);
    Map<String, FloatTensor> features = new HashMap<>();
    keys.spec().layers().forEach(layer -> features.put(layer, layer(row, layer)));
    try (Teacher.Asking image = asking(row, teacher, features)) {
      if (selection.isEmpty()) {
        return prompts.stream()
            .map(prompt -> answer(row, prompt, ask(image, prompt, largest), prompts.size()))
            .toList();
      }
      List<MaskSelection.Kept> kept =
          selection.get().of(prompts, prompt -> storable(image, prompt, largest));
      return kept.stream().map(k -> answer(row, k.prompt(), k.answer(), kept.size())).toList();
    }
  }

  /** One that no table could hold would be passed over as a bad one, and nobody would know. */
  private static MaskAnswer storable(Teacher.Asking image, Prompt prompt, double largest) {
    MaskAnswer answer = ask(image, prompt, largest);
    stored(json(prompt), answer.logits());
    return answer;
  }

  /** The image's own, each once, moved with the view's pixels. */
  private List<Prompt> prompts(Row row, PromptedImage image) {
    View view = view(row);
    return new LinkedHashSet<>(plan.prompts(image))
        .stream().map(prompt -> prompt.in(view, image.width(), image.height())).toList();
  }

  private static View view(Row row) {
    return View.of(row.<String>getAs(CacheTables.VIEW));
  }

  private static Teacher.Asking asking(
      Row row, Teacher teacher, Map<String, FloatTensor> features) {
    boolean swapped = view(row).swapsSides();
    int width = row.getAs(swapped ? "height" : "width");
    int height = row.getAs(swapped ? "width" : "height");
    try {
      return teacher.asking(features, width, height);
    } catch (RuntimeException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private static MaskAnswer ask(Teacher.Asking image, Prompt prompt, double largest) {
    try {
      return image.answer(prompt, largest);
    } catch (RuntimeException e) {
      throw new RefusedException("prompt " + json(prompt) + ": " + e.getMessage(), e);
    }
  }

  private Outcome failure(Row row, String reason, RuntimeException cause) {
    String key =
        keys.questionKey(
            row.getAs(CacheTables.FEATURE_KEY), row.getAs(CacheTables.PROMPT_FINGERPRINT));
    return Outcome.failed(row, key, reason, cause);
  }

  private Outcome answer(Row row, Prompt prompt, MaskAnswer answer, int of) {
    return answer(row, json(prompt), prompt.classId(), answer.logits(), answer.predictedIou(), of);
  }

  /**
   * @param of rows that the question has in all
   */
  private Outcome answer(
      Row row, String prompt, Integer classId, FloatTensor logits, Float iou, int of) {
    String featureKey = row.getAs(CacheTables.FEATURE_KEY);
    String fingerprint = row.getAs(CacheTables.PROMPT_FINGERPRINT);
    return Outcome.stored(
        keys.answerKey(featureKey, fingerprint, prompt),
        featureKey,
        keys.spec().decoderDigest().hex(),
        fingerprint,
        prompt,
        classId,
        logits == null ? null : stored(prompt, logits),
        iou,
        of);
  }

  private static Row stored(String prompt, FloatTensor logits) {
    return UnstorableException.encode("logits of prompt " + prompt, logits, DType.FP16);
  }

  private FloatTensor layer(Row row, String layer) {
    return keys.encoding().restored(layer, row);
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
