package stillhouse.teacher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.conf.ConfigFile;
import stillhouse.data.Shrink;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * A teacher as {@code conf/teachers/NAME.yaml} describes it. Serialisable, so that an executor
 * opens what the driver read.
 *
 * @param layers cached layer name → the network's output: an ONNX output's name; for TorchScript
 *     the key of a returned dictionary or the index in a returned tuple
 * @param embedding the layer that students align with; by default the one of that name, otherwise
 *     the first
 * @param logits the output that holds a plain segmenter's dense logits, null where there is none
 * @param decoder null for a network that takes no prompts
 * @param granularity the box that goes in with a lone point; null: none does
 * @param threads threads of one call; null: OMP_NUM_THREADS, and 1 where that isn't set
 */
public record TeacherConfig(
    String name,
    Engine engine,
    Device device,
    Integer threads,
    ModelFiles files,
    InputConfig input,
    Map<String, String> layers,
    String embedding,
    String logits,
    DecoderConfig decoder,
    GranularityPrior granularity)
    implements Serializable {

  /** The layer that holds what SAM 2's decoder reads at 1/4 of the input. */
  static final String HIGH_RES_0 = "high_res_0";

  /** The same at 1/8. */
  static final String HIGH_RES_1 = "high_res_1";

  static final String EMBEDDING = "embedding";

  /**
   * Version of how decoders are asked: the way from cached features and a prompt to what the
   * network reads, and from what it gives to logits and predicted IoU. Raise it with a change that
   * gives another answer to the same prompt of the same features (a prompt's scaling or padding,
   * which of several masks is taken, what a logit is cropped to); cached answers are then asked
   * anew. A change that gives the same bits, only sooner, leaves it.
   */
  private static final int ASKING = 1;

  /** What runs the network. */
  public enum Engine {
    @JsonProperty("onnxruntime")
    ONNXRUNTIME,
    @JsonProperty("pytorch")
    PYTORCH
  }

  /** Where it runs; never silently elsewhere. */
  public enum Device {
    @JsonProperty("cpu")
    CPU,
    @JsonProperty("gpu")
    GPU
  }

  public TeacherConfig {
    device = device == null ? Device.CPU : device;
    layers = Collections.unmodifiableMap(new LinkedHashMap<>(layers));
    if (embedding == null) {
      embedding = layers.containsKey(EMBEDDING) ? EMBEDDING : layers.keySet().iterator().next();
    }
    TeacherConfigCheck.layers(layers, embedding);
    TeacherConfigCheck.decoder(files, layers, decoder);
    TeacherConfigCheck.granularity(files, decoder, granularity);
    TeacherConfigCheck.engine(engine, files);
  }

  /**
   * @throws ConfigException where the file breaks its schema, or is a preset that pins no files
   */
  public static TeacherConfig load(Path yaml) {
    TeacherConfig read = preset(yaml);
    if (!read.files.arePinned()) {
      throw new ConfigException(
          "Cannot use teacher %s: %s is a preset that pins no file, since its weights are yours to get. Run: stillhouse teacher adopt %s --encoder FILE%s --out DIR, then name DIR/teacher.yaml"
              .formatted(
                  read.name, yaml, read.name, read.decoder == null ? "" : " --decoder FILE"));
    }
    return read;
  }

  /**
   * The same of a name of {@code conf/teachers}, or a path.
   *
   * @throws ConfigException likewise, and where there is no such file
   */
  public static TeacherConfig find(String nameOrPath) {
    Path yaml = ConfFiles.find("teachers", nameOrPath);
    try {
      return load(yaml);
    } catch (ConfigException e) {
      if (ConfFiles.isPath(nameOrPath) || Files.exists(yaml)) {
        throw e;
      } // else perhaps a frozen teacher's, as tables name it
      throw new ConfigException(
          e.getMessage()
              + ". A teacher that 'freeze' or 'teacher adopt' made is named by its file, DIR/teacher.yaml of the --out DIR there (of a demo OUT/teacher/teacher.yaml)",
          e);
    }
  }

  /** The same of a file that may leave its files to be pinned. */
  static TeacherConfig preset(Path yaml) {
    TeacherConfig read = ConfigFile.load(yaml, TeacherConfig.class, "/schema/teacher.json");
    return read.with(read.files.relativeTo(yaml.toAbsolutePath().getParent()));
  }

  public TeacherSpec spec() {
    List<String> names = new ArrayList<>(outputs().keySet());
    layers.keySet().stream().filter(this::hasMargin).map(TeacherConfig::margin).forEach(names::add);
    return new TeacherSpec(
        name,
        files.encoder().digest(),
        decoder == null ? files.encoder().digest() : decoderDigest(),
        preprocessing(),
        names,
        embedding,
        decoder != null,
        input.batch(),
        MapExtent.of(input));
  }

  /** Whether points mean something to it: some promptable teachers answer boxes alone. */
  public boolean takesPoints() {
    return decoder != null && !decoder.boxesOnly();
  }

  /** Whether boxes mean something to it: some promptable teachers answer points alone. */
  public boolean takesBoxes() {
    return decoder != null && !decoder.pointsOnly();
  }

  /** Whether a question may hold the mask of the round before. */
  public boolean takesMasks() {
    return decoder != null && decoder.takesMask();
  }

  private Sha256 decoderDigest() {
    Sha256 asked = decoderDigest(ASKING);
    return granularity == null
        ? asked
        : Fingerprint.of("stillhouse.teacher.granularity/1")
            .add("decoder", asked)
            .add("proposals", files.proposals().digest())
            .add("nearest", granularity.nearest())
            .add("min score", granularity.minScore())
            .digest();
  }

  /**
   * The file's, and how it is called where that isn't its kind's way: other names, other masks.
   *
   * @param asking version of the code that asks; the first is no part of the digest
   */
  Sha256 decoderDigest(int asking) {
    Sha256 file = files.decoder().digest();
    if (asking > 1) {
      return Fingerprint.of("stillhouse.teacher.decoder/1")
          .add("file", file)
          .add("method", files.decoder().methodName())
          .add("inputs", decoder.inputs())
          .add("outputs", decoder.outputs())
          .add("kind", decoder.kind())
          .add("asking", asking)
          .digest();
    }
    boolean published = decoder.equals(decoder.published());
    if (published && files.decoder().methodName().equals(ModelFile.FORWARD)) {
      return file;
    }
    return Fingerprint.of("stillhouse.teacher.decoder/1")
        .add("file", file)
        .add("method", files.decoder().methodName())
        .add("inputs", decoder.inputs())
        .add("outputs", decoder.outputs())
        .digest();
  }

  /** Every cached layer, {@link Teacher#LOGITS} among them, by the output that it is read from. */
  Map<String, String> outputs() {
    Map<String, String> outputs = new LinkedHashMap<>(layers);
    if (logits != null) {
      outputs.put(Teacher.LOGITS, logits);
    }
    return outputs;
  }

  /**
   * Whether a decoder reads what {@link InputFrame#crop} cuts away: cached layers are cut to the
   * image, and the rest is kept beside those that the decoder reads.
   */
  boolean margins() {
    return decoder != null && input.resize() == InputConfig.Fit.LONGEST_SIDE;
  }

  boolean hasMargin(String layer) {
    return margins() && decoder.features().containsValue(layer);
  }

  /** The layer that holds another one's {@link InputFrame#margin}. */
  static String margin(String layer) {
    return layer + "_margin";
  }

  /** {@link #threads}, or the environment's OMP_NUM_THREADS, or 1. */
  int threadCount() {
    return Optional.ofNullable(threads)
        .or(
            () ->
                Optional.ofNullable(System.getenv("OMP_NUM_THREADS"))
                    .map(TeacherConfig::parseThreads))
        .orElse(1);
  }

  private static int parseThreads(String environment) {
    if (!environment.matches("[1-9]\\d{0,2}")) {
      throw new TeacherException(
          "Invalid OMP_NUM_THREADS: '"
              + environment
              + "' (must be a number of threads; or set threads in the teacher's YAML)");
    }
    return Integer.parseInt(environment);
  }

  /**
   * Besides the preprocessing itself, which output each layer is: another one is another answer.
   */
  private Sha256 preprocessing() {
    Fingerprint parts =
        Fingerprint.of("stillhouse.teacher.preprocessing/1")
            .add("order", "RGB")
            .add("height", input.height())
            .add("width", input.width())
            .add("batch", input.batch())
            .add("resize", input.resize())
            .add("scale", input.scale())
            .add("mean", input.mean())
            .add("std", input.std());
    outputs().forEach((layer, output) -> parts.add(layer, output));
    if (input.layout() != InputConfig.Layout.NCHW) {
      parts.add("layout", input.layout());
    }
    if (!files.encoder().methodName().equals(ModelFile.FORWARD)) {
      parts.add("method", files.encoder().methodName());
    }
    if (input.shrink() != Shrink.BILINEAR) {
      parts.add("shrink", input.shrink());
    }
    if (logits != null && input.resize() == InputConfig.Fit.LONGEST_SIDE) {
      parts.add("logits end", "with the image"); // not with a cell
    }
    return parts.digest();
  }

  /** Asked about other numbers of images a call. */
  public TeacherConfig withBatch(int images) {
    return new TeacherConfig(
        name,
        engine,
        device,
        threads,
        files,
        input.withBatch(images),
        layers,
        embedding,
        logits,
        decoder,
        granularity);
  }

  /** Called otherwise, where its answers are to stand beside another's. */
  public TeacherConfig named(String other) {
    return new TeacherConfig(
        other,
        engine,
        device,
        threads,
        files,
        input,
        layers,
        embedding,
        logits,
        decoder,
        granularity);
  }

  /** As it answers where points mean what they mean to the decoder. */
  public TeacherConfig withoutGranularity() {
    return with(files.withoutProposals(), null);
  }

  TeacherConfig with(ModelFiles others) {
    return with(others, granularity);
  }

  private TeacherConfig with(ModelFiles others, GranularityPrior prior) {
    return new TeacherConfig(
        name, engine, device, threads, others, input, layers, embedding, logits, decoder, prior);
  }
}
