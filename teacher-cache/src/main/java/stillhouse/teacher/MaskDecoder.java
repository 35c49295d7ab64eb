package stillhouse.teacher;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/**
 * Asks a decoder, whatever runs it, about one object: of its candidate masks that may be the answer
 * the one with the greatest predicted IoU is it, the first of equals.
 */
abstract sealed class MaskDecoder implements AutoCloseable permits OnnxDecoder, TorchScriptDecoder {
  private static final int CELLS = 4; // SAM's masks have four cells for one of the embedding's

  final TeacherConfig config;
  final DecoderConfig kind;

  MaskDecoder(TeacherConfig config) {
    this.config = config;
    this.kind = config.decoder();
  }

  /**
   * What the network says.
   *
   * @param masks [1, M, h, w], or with more outer axes of length 1
   * @param ious [1, M], likewise
   */
  record Output(FloatTensor masks, FloatTensor ious) {}

  /** An image's features where the network reads them, for as many prompts as there are. */
  interface Fed extends AutoCloseable {
    /**
     * @param inputs the other inputs, in the published order
     * @param asked what a message names
     */
    Output run(Map<String, FloatTensor> inputs, Object asked);

    @Override
    void close();
  }

  /**
   * @param features by tensor name, [1, C, h, w], in the published order
   */
  abstract Fed feed(Map<String, FloatTensor> features);

  /** The masks that {@link #run} reads. */
  abstract DecoderConfig.Masks masks();

  /**
   * What is proposed of an image, where anything is.
   *
   * @param embedding over the network's whole input, [1, C, h, w]
   */
  Optional<Proposals> proposals(FloatTensor embedding, InputFrame frame) {
    return Optional.empty();
  }

  @Override
  public abstract void close();

  /**
   * @param features the layers that the kind reads, as they were cached
   * @param width the original image's, in whose pixels prompts are
   */
  final Teacher.Asking asking(Map<String, FloatTensor> features, int width, int height) {
    InputFrame frame = InputFrame.of(config.input(), width, height);
    Map<String, FloatTensor> inputs = new LinkedHashMap<>();
    kind.features().forEach((tensor, layer) -> inputs.put(tensor, whole(features, layer, frame)));
    FloatTensor embedding = inputs.get(kind.inputs().get(0));
    return new AskingImage(frame, embedding, feed(inputs));
  }

  /** One image's prompts. */
  private final class AskingImage implements Teacher.Asking {
    private final InputFrame frame;
    private final FloatTensor embedding;
    private final Fed fed;
    private Optional<Proposals> proposals; // null until a lone point asks for them

    AskingImage(InputFrame frame, FloatTensor embedding, Fed fed) {
      this.frame = frame;
      this.embedding = embedding;
      this.fed = fed;
    }

    @Override
    public MaskAnswer answer(Prompt prompt) {
      return answer(prompt, 1);
    }

    @Override
    public MaskAnswer answer(Prompt prompt, double largest) {
      requireTaken(prompt instanceof Prompt.Point, prompt instanceof Prompt.Box, prompt);
      return ask(meant(Question.of(prompt, frame)), prompt, largest).answer();
    }

    @Override
    public Refined refine(Clicks clicks, double largest) {
      requireTaken(!clicks.points().isEmpty(), clicks.box().isPresent(), clicks);
      if (clicks.before().isPresent() && !config.takesMasks()) {
        throw new IllegalArgumentException(
            "Cannot ask teacher %s about %s: its decoder takes no mask of the round before"
                .formatted(config.name(), clicks));
      }
      return ask(meant(Question.of(clicks, frame)), clicks, largest);
    }

    /** A lone point with the box of what it means in the data set, where the teacher knows. */
    private Question meant(Question question) {
      if (config.granularity() == null || !question.isLonePoint()) {
        return question;
      }
      proposals = proposals == null ? MaskDecoder.this.proposals(embedding, frame) : proposals;
      float[] at = question.coords().data();
      return proposals
          .flatMap(all -> config.granularity().around(at[0], at[1], all))
          .map(question::with)
          .orElse(question);
    }

    private Refined ask(Question question, Object asked, double largest) {
      int rows = CELLS * embedding.dim(2);
      int columns = CELLS * embedding.dim(3);
      Output output = fed.run(kind.prompt(question, frame, rows, columns), asked);
      float[] ious = output.ious.data();
      requireFinite(ious, asked);
      int[] order = bestFirst(ious, kind.candidates(ious.length, question));
      return best(output, order, largest, frame, embedding);
    }

    @Override
    public void close() {
      fed.close();
    }
  }

  private void requireTaken(boolean points, boolean box, Object asked) {
    if (points && !config.takesPoints()) {
      throw cannotTake(asked, "it answers boxes alone");
    }
    if (box && !config.takesBoxes()) {
      throw cannotTake(asked, "it answers points alone");
    }
  }

  private IllegalArgumentException cannotTake(Object asked, String why) {
    return new IllegalArgumentException(
        "Cannot ask teacher %s about %s: %s".formatted(config.name(), asked, why));
  }

  private Refined best(
      Output output, int[] order, double largest, InputFrame frame, FloatTensor embedding) {
    for (int candidate : order) {
      Refined refined = refined(output, candidate, frame, embedding);
      if (largest >= 1 || refined.answer().share() <= largest) {
        return refined;
      }
    }
    return refined(output, order[0], frame, embedding);
  }

  private Refined refined(Output output, int candidate, InputFrame frame, FloatTensor embedding) {
    FloatTensor mask = candidate(output, candidate);
    boolean ofInput = masks().ofInput();
    FloatTensor logits = ofInput ? frame.cut(mask) : small(mask, frame, embedding);
    return new Refined(
        new MaskAnswer(logits, output.ious.data()[candidate]),
        Optional.of(mask).filter(m -> ofInput && kind.takesMask()));
  }

  /** Those that may be the answer, by predicted IoU; of equal ones the first. */
  private static int[] bestFirst(float[] ious, IntStream candidates) {
    return candidates
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -ious[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** No mask is better or worse than one whose predicted IoU is none. */
  private void requireFinite(float[] ious, Object asked) {
    for (float iou : ious) {
      if (!Float.isFinite(iou)) {
        throw new TeacherException(
            "Cannot choose a mask of teacher %s about %s: '%s' is %s (must be finite)"
                .formatted(config.name(), asked, kind.iou(), Arrays.toString(ious)));
      }
    }
  }

  /** A mask of the image's frame, in the network's own resolution. */
  private static FloatTensor small(FloatTensor mask, InputFrame frame, FloatTensor embedding) {
    int h = frame.rows(CELLS * embedding.dim(2));
    int w = frame.columns(CELLS * embedding.dim(3));
    FloatTensor map = new FloatTensor(new int[] {1, mask.dim(0), mask.dim(1)}, mask.data());
    return new FloatTensor(new int[] {h, w}, Resize.area(map, h, w).data());
  }

  private FloatTensor candidate(Output output, int index) {
    int[] shape = output.masks.shape();
    int rank = shape.length;
    int count = output.ious.data().length;
    if (rank < 2
        || count == 0
        || Arrays.stream(shape, 0, rank - 2).reduce(1, (a, b) -> a * b) != count) {
      throw new TeacherException(
          "Cannot read the masks of teacher %s: '%s' is %s, its predicted IoU '%s' is %s: expected one for each mask of one prompt"
              .formatted(
                  config.name(),
                  masks().tensor(),
                  Arrays.toString(shape),
                  kind.iou(),
                  Arrays.toString(output.ious.shape())));
    }
    int size = shape[rank - 2] * shape[rank - 1];
    float[] logits = Arrays.copyOfRange(output.masks.data(), index * size, (index + 1) * size);
    return new FloatTensor(new int[] {shape[rank - 2], shape[rank - 1]}, logits);
  }

  /** A layer over the network's whole input, [1, C, h, w]. */
  private FloatTensor whole(Map<String, FloatTensor> features, String layer, InputFrame frame) {
    FloatTensor map = layer(features, layer);
    FloatTensor all =
        config.margins() ? frame.join(map, layer(features, TeacherConfig.margin(layer))) : map;
    return new FloatTensor(new int[] {1, all.dim(0), all.dim(1), all.dim(2)}, all.data());
  }

  private FloatTensor layer(Map<String, FloatTensor> features, String layer) {
    FloatTensor map = features.get(layer);
    if (map == null || map.rank() != 3) {
      throw new IllegalArgumentException(
          "Cannot ask teacher "
              + config.name()
              + ": layer "
              + layer
              + " is "
              + (map == null ? "missing from " + features.keySet() : map + ", expected [C, h, w]"));
    }
    return map;
  }

  final TeacherException cannotAsk(Object asked, Map<String, FloatTensor> inputs, Exception cause) {
    List<String> shapes =
        inputs.entrySet().stream()
            .map(e -> e.getKey() + Arrays.toString(e.getValue().shape()))
            .toList();
    return new TeacherException(
        "Cannot ask teacher %s about %s with %s: %s"
            .formatted(config.name(), asked, shapes, cause.getMessage()),
        cause);
  }
}
