package stillhouse.teacher;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import stillhouse.tensor.FloatTensor;

/** A mask decoder as an ONNX file. Its inputs get the element types that the file declares. */
final class OnnxDecoder extends MaskDecoder {
  private final OrtSession session;
  private final Map<String, OnnxJavaType> types;
  private final DecoderConfig.Masks masks;
  private final Optional<OnnxProposals> proposals;

  private OnnxDecoder(TeacherConfig config, OrtSession session, Optional<OnnxProposals> proposals)
      throws OrtException {
    super(config);
    this.session = session;
    this.proposals = proposals;
    this.types = Onnx.types(session.getInputInfo());
    this.masks = masks(kind, session.getOutputNames());
  }

  /** With what proposes boxes, where the teacher has it. */
  static OnnxDecoder open(LocalTeacher files, TeacherDevice device) {
    TeacherConfig config = files.config();
    Optional<OnnxProposals> proposals =
        Optional.ofNullable(files.proposals())
            .map(file -> OnnxProposals.open(config, file, device));
    try {
      return open(config, files.decoder(), proposals, device);
    } catch (RuntimeException e) {
      proposals.ifPresent(OnnxProposals::close);
      throw e;
    }
  }

  private static OnnxDecoder open(
      TeacherConfig config, String file, Optional<OnnxProposals> proposals, TeacherDevice device) {
    OrtSession session = Onnx.session(config, file, device);
    DecoderConfig kind = config.decoder();
    try {
      Set<String> inputs = session.getInputNames();
      OnnxTeacher.requireNames(config, "decoder inputs", taken(kind, inputs), inputs);
      List<String> outputs = List.of(masks(kind, session.getOutputNames()).tensor(), kind.iou());
      OnnxTeacher.requireNames(config, "decoder outputs", outputs, session.getOutputNames());
      return new OnnxDecoder(config, session, proposals);
    } catch (OrtException e) {
      Onnx.close(config, session);
      throw new TeacherException("Cannot read the inputs of " + file + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      Onnx.close(config, session);
      throw e;
    }
  }

  /**
   * The inputs that a file must take: a kind's, but that masks of SAM's low resolution are the same
   * whatever the image's size.
   */
  static List<String> taken(DecoderConfig kind, Set<String> there) {
    List<String> taken = new ArrayList<>(kind.inputs());
    if (kind instanceof DecoderConfig.Sam sam && !there.contains(sam.origImSize())) {
      taken.remove(sam.origImSize());
    }
    return taken;
  }

  /** Of a kind's masks the first that are there; the first of all where none is. */
  static DecoderConfig.Masks masks(DecoderConfig kind, Set<String> there) {
    return kind.masks().stream()
        .filter(m -> there.contains(m.tensor()))
        .findFirst()
        .orElse(kind.masks().get(0));
  }

  @Override
  DecoderConfig.Masks masks() {
    return masks;
  }

  @Override
  Fed feed(Map<String, FloatTensor> features) {
    try {
      return new FedTensors(tensors(features));
    } catch (OrtException e) {
      throw new TeacherException(
          "Cannot give teacher " + config.name() + " its features: " + e.getMessage(), e);
    }
  }

  /** All that the file takes, or none left open. */
  private Map<String, OnnxTensor> tensors(Map<String, FloatTensor> values) throws OrtException {
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    try {
      for (var value : values.entrySet()) {
        if (types.containsKey(value.getKey())) {
          tensors.put(value.getKey(), Onnx.tensor(value.getValue(), types.get(value.getKey())));
        }
      }
      return tensors;
    } catch (OrtException e) {
      tensors.values().forEach(OnnxTensor::close);
      throw e;
    }
  }

  private final class FedTensors implements Fed {
    private final Map<String, OnnxTensor> features;

    FedTensors(Map<String, OnnxTensor> features) {
      this.features = features;
    }

    @Override
    public Output run(Map<String, FloatTensor> inputs, Object asked) {
      Map<String, OnnxTensor> own = Map.of();
      try {
        own = tensors(inputs);
        Map<String, OnnxTensor> all = new LinkedHashMap<>(features);
        all.putAll(own);
        Set<String> wanted = Set.of(masks.tensor(), kind.iou());
        try (OrtSession.Result result = session.run(all, wanted)) {
          return new Output(Onnx.read(result, masks.tensor()), Onnx.read(result, kind.iou()));
        }
      } catch (OrtException e) {
        throw cannotAsk(asked, inputs, e);
      } finally {
        own.values().forEach(OnnxTensor::close);
      }
    }

    @Override
    public void close() {
      features.values().forEach(OnnxTensor::close);
    }
  }

  @Override
  Optional<Proposals> proposals(FloatTensor embedding, InputFrame frame) {
    return proposals.map(network -> network.of(embedding, frame));
  }

  @Override
  public void close() {
    proposals.ifPresent(OnnxProposals::close);
    Onnx.close(config, session);
  }
}
