package stillhouse.spark;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import stillhouse.conf.ConfigException;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;

/**
 * Asks a frozen teacher about a column of images and adds two columns: {@code outputCol}, a struct
 * of one tensor column ({@link stillhouse.tensor.TensorColumn#TYPE}) a layer, and {@code errorCol},
 * a string. A row whose image can't be had, or whose values can't be stored, has a null output and
 * says why; a row that is answered has a null error. None is dropped.
 *
 * <p>The input is a file's bytes, a URI, or a struct of Spark's image source. One network is loaded
 * an executor, whatever the tasks; {@code spark.plugins=stillhouse.teacher.TeacherPoolPlugin}
 * closes it with the executor. The parameters inputCol, outputCol, engine, modelUrl and batchSize
 * are named as those of DJL's Spark extension.
 *
 * <p>What is saved are the parameters: the YAML and its model file stay where they are.
 */
public final class TeacherTransformer extends Transformer implements DefaultParamsWritable {
  private static final long serialVersionUID = 1L;

  private final String uid;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final Param<String> errorCol;
  private final Param<String> teacher;
  private final Param<String> modelUrl;
  private final Param<String> engine;
  private final IntParam batchSize;
  private final StringArrayParam layers;
  private final Param<String> encoding;

  /** With a new identity. */
  public TeacherTransformer() {
    this(Identifiable$.MODULE$.randomUID("TeacherTransformer"));
  }

  /** With an identity that a saved stage had. */
  public TeacherTransformer(String uid) {
    this.uid = uid; // first: a parameter belongs to the uid that its parent has when it is made
    inputCol = text("inputCol", "column of images: a file's bytes, a URI or an image struct");
    outputCol = text("outputCol", "gets a struct of one tensor column a layer");
    errorCol = text("errorCol", "gets why a row has no output (default: outputCol with _error)");
    teacher = text("teacher", "the teacher's YAML file, or a name of conf/teachers");
    modelUrl =
        text(
            "modelUrl",
            "with teacher: where its model file lies; without: a folder with teacher.yaml");
    engine = text("engine", "OnnxRuntime or PyTorch; refused where the YAML says another");
    encoding = text("encoding", "how maps are stored: fp32, fp16 or int8 (logits: never int8)");
    layers =
        new StringArrayParam(this, "layers", "of the YAML's layers, and logits, those to give");
    batchSize =
        new IntParam(
            this, "batchSize", "images a call, in place of the YAML's", ParamValidators.gtEq(1));
    setDefault(inputCol, "image");
    setDefault(outputCol, "features");
    setDefault(encoding, DType.FP16.text());
  }

  private Param<String> text(String name, String doc) {
    return new Param<>(this, name, doc);
  }

  /** Reads a saved stage; Spark finds this method by its name. */
  public static MLReader<TeacherTransformer> read() {
    return new DefaultParamsReader<>();
  }

  /** Reads a saved stage. */
  public static TeacherTransformer load(String path) {
    return read().load(path);
  }

  @Override
  public String uid() {
    return uid;
  }

  /** {@inheritDoc} The teacher is opened when rows are asked for, on the executors. */
  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    StructType schema = dataset.schema();
    LocalTeacher source = source();
    var outputs = outputs(source.spec());
    var hadoop =
        new SerializableConfiguration(dataset.sparkSession().sparkContext().hadoopConfiguration());
    var asking = new AskTeacher(source, InputColumn.of(schema, $(inputCol)), outputs, hadoop);
    return dataset.toDF().mapPartitions(asking, Encoders.row(added(schema, outputs)));
  }

  /** {@inheritDoc} By the YAML alone: Spark asks often, and a model's digest takes its time. */
  @Override
  public StructType transformSchema(StructType schema) {
    InputColumn.of(schema, $(inputCol));
    return added(schema, outputs(asked().spec()));
  }

  public Param<String> inputCol() {
    return inputCol;
  }

  public TeacherTransformer setInputCol(String value) {
    set(inputCol, value);
    return this;
  }

  public Param<String> outputCol() {
    return outputCol;
  }

  public TeacherTransformer setOutputCol(String value) {
    set(outputCol, value);
    return this;
  }

  public Param<String> errorCol() {
    return errorCol;
  }

  public TeacherTransformer setErrorCol(String value) {
    set(errorCol, value);
    return this;
  }

  public Param<String> teacher() {
    return teacher;
  }

  public TeacherTransformer setTeacher(String value) {
    set(teacher, value);
    return this;
  }

  public Param<String> modelUrl() {
    return modelUrl;
  }

  public TeacherTransformer setModelUrl(String value) {
    set(modelUrl, value);
    return this;
  }

  public Param<String> engine() {
    return engine;
  }

  public TeacherTransformer setEngine(String value) {
    set(engine, value);
    return this;
  }

  public Param<String> encoding() {
    return encoding;
  }

  public TeacherTransformer setEncoding(String value) {
    set(encoding, value);
    return this;
  }

  public IntParam batchSize() {
    return batchSize;
  }

  public TeacherTransformer setBatchSize(int value) {
    set(batchSize, value);
    return this;
  }

  public StringArrayParam layers() {
    return layers;
  }

  public TeacherTransformer setLayers(String... value) {
    set(layers, value);
    return this;
  }

  @Override
  public TeacherTransformer copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  private LocalTeacher source() {
    Path cache = TeacherFiles.defaultCache();
    return isSet(teacher) && isSet(modelUrl)
        ? TeacherFiles.resolve(asked(), cache, path($(modelUrl)))
        : TeacherFiles.resolve(asked(), cache);
  }

  /** The YAML's teacher, as the parameters ask it. */
  private TeacherConfig asked() {
    TeacherConfig config = config();
    if (isSet(engine) && !config.engine().name().equalsIgnoreCase($(engine))) {
      throw new ConfigException(
          "Invalid engine: %s (teacher %s runs on %s)"
              .formatted($(engine), config.name(), config.engine()));
    }
    return isSet(batchSize) ? config.withBatch((Integer) $(batchSize)) : config;
  }

  private TeacherConfig config() {
    if (isSet(teacher)) {
      return TeacherConfig.find($(teacher));
    }
    if (isSet(modelUrl)) {
      return TeacherConfig.load(path($(modelUrl)).resolve("teacher.yaml"));
    }
    throw new ConfigException(
        "No teacher is named. Set teacher (a YAML file, or a name of conf/teachers), or modelUrl (a"
            + " folder with teacher.yaml, as freeze writes it).");
  }

  private static Path path(String url) {
    if (url.startsWith("file:")) {
      return Path.of(URI.create(url).getPath());
    }
    if (url.matches("[a-z][a-z0-9+.-]+:.*")) {
      throw new ConfigException(
          "Invalid modelUrl: %s (must be a path or a file: URL that every executor has; put the file there first)"
              .formatted(url));
    }
    return Path.of(url);
  }

  private OutputColumns outputs(TeacherSpec spec) {
    List<String> wanted = isSet(layers) ? List.of($(layers)) : spec.imageLayers();
    return OutputColumns.of(spec, wanted, DType.of($(encoding)));
  }

  private StructType added(StructType schema, OutputColumns outputs) {
    String error = isSet(errorCol) ? $(errorCol) : $(outputCol) + "_error";
    return outputs.after(schema, $(outputCol), error);
  }
}
