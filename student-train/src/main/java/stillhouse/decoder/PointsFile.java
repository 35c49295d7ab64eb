package stillhouse.decoder;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import stillhouse.onnx.OnnxGraph;
import stillhouse.points.PointSettings;

/**
 * A student of points and its decoder in one ONNX file, which asks itself: image in, class logits
 * out, with the names, shapes and metadata of the student's own file, so that whatever reads that
 * reads this. It holds what {@link stillhouse.points.PointSegmenter} computes of the two files but
 * for rounding (where two places are all but equally salient, that may ask about another one), for
 * at most K points and any number of images, in operators that TensorRT's list has: places by
 * average and max pooling and TopK ({@link PlacedPoints}), every place's question in one call of
 * the decoder, non-maximum suppression by products of masks ({@link KeptMasks}).
 */
public final class PointsFile {
  private static final String WEIGHTS = "stillhouse.weights";
  private static final String STUDENT = "student/";
  private static final String DECODER = "decoder/";

  private PointsFile() {}

  /**
   * @param student a student's file, of one image input
   * @param decoder its decoder's, of points alone
   * @throws IllegalArgumentException where the two are not of the same weights, or do not fit
   */
  public static byte[] of(byte[] student, byte[] decoder, PointSettings settings) {
    ModelProto network = parse(student, "a student");
    ModelProto asked = parse(decoder, "a decoder");
    requireSameWeights(network, asked);
    requirePointsAlone(asked);
    PointsGrid grid = PointsGrid.of(network, asked, settings);
    OnnxGraph graph = new OnnxGraph("student-points");
    String image = graph.input("image", 3, grid.height(), grid.width());
    Map<String, String> said = graph.embed(network, STUDENT, Map.of("image", image));
    String logits = said.get("logits");
    PlacedPoints places = PlacedPoints.append(graph, grid, settings, logits);
    Map<String, String> answers =
        graph.embed(
            asked,
            DECODER,
            Map.of(
                "image_embeddings", places.embeddings(graph, grid, said.get("embedding")),
                "point_coords", places.coords(),
                "point_labels", places.labels()));
    String merged =
        KeptMasks.append(
            graph,
            grid,
            settings,
            new KeptMasks.Asked(
                answers.get("low_res_masks"),
                answers.get("iou_predictions"),
                places.values(),
                logits));
    graph.output(merged, "logits", grid.classes(), grid.height(), grid.width());
    graph.output(said.get("embedding"), "embedding", grid.channels(), grid.rows(), grid.columns());
    Map<String, String> metadata = new TreeMap<>(properties(network));
    metadata.putAll(settings.properties());
    return graph.build(metadata).toByteArray();
  }

  private static ModelProto parse(byte[] bytes, String what) {
    try {
      return ModelProto.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(
          "Cannot read %s of %d bytes as ONNX: %s".formatted(what, bytes.length, e.getMessage()),
          e);
    }
  }

  private static Map<String, String> properties(ModelProto model) {
    Map<String, String> all = new TreeMap<>();
    for (StringStringEntryProto each : model.getMetadataPropsList()) {
      all.put(each.getKey(), each.getValue());
    }
    return all;
  }

  private static void requireSameWeights(ModelProto student, ModelProto decoder) {
    String weights = properties(student).getOrDefault(WEIGHTS, "");
    String others = properties(decoder).getOrDefault(WEIGHTS, "");
    if (weights.isEmpty() || !weights.equals(others)) {
      throw new IllegalArgumentException(
          "Cannot join a student of weights '%s' with a decoder of '%s' (must be of one checkpoint). Export the run again with --force"
              .formatted(weights, others));
    }
  }

  private static void requirePointsAlone(ModelProto decoder) {
    List<String> inputs =
        decoder.getGraph().getInputList().stream().map(ValueInfoProto::getName).toList();
    if (!inputs.equals(List.of("image_embeddings", "point_coords", "point_labels"))) {
      throw new IllegalArgumentException(
          "Cannot join a decoder of inputs %s (must take points alone: a student whose prompt has densePoints: true)"
              .formatted(inputs));
    }
  }

  /** A declared value's sizes but for the first axis, which is the batch. */
  static int[] sizes(List<ValueInfoProto> values, String name) {
    for (ValueInfoProto value : values) {
      if (value.getName().equals(name)) {
        TensorShapeProto shape = value.getType().getTensorType().getShape();
        return shape.getDimList().stream()
            .skip(1)
            .mapToInt(dim -> Math.toIntExact(dim.getDimValue()))
            .toArray();
      }
    }
    throw new IllegalArgumentException(
        "Invalid file: it has no '%s' (it has %s)"
            .formatted(name, values.stream().map(ValueInfoProto::getName).toList()));
  }
}
