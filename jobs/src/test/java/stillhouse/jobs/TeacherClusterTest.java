package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;
import stillhouse.conf.ConfFiles;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.spark.TeacherTransformer;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherDevice;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;

/** Two executors of two cores and two pretend GPUs each, in JVMs of their own. */
class TeacherClusterTest {
  private static final int TASKS = 4;
  private static final List<String> EXECUTORS = List.of("0", "1");

  @TempDir Path folder;

  /** A network that needs no CUDA and remembers which device it was opened on. */
  private record Pretend(TeacherSpec spec, TeacherDevice device) implements Teacher {
    @Override
    public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
      float index = ((TeacherDevice.Gpu) device).index();
      return List.of(Map.of("e", new FloatTensor(new int[] {1}, new float[] {index})));
    }

    @Override
    public MaskAnswer decode(Map<String, FloatTensor> maps, int width, int height, Prompt prompt) {
      throw new UnsupportedOperationException("no decoder");
    }

    @Override
    public void close() {}
  }

  /** Asks for a GPU. Which one it gets is the pool's to say. */
  private record OnGpu(TeacherSpec spec) implements TeacherSource {
    private static final long serialVersionUID = 1L;

    @Override
    public TeacherConfig.Device device() {
      return TeacherConfig.Device.GPU;
    }

    @Override
    public Teacher open() {
      return open(TeacherDevice.of(this));
    }

    @Override
    public Teacher open(TeacherDevice device) {
      return new Pretend(spec, device);
    }
  }

  private Map<String, String> settings() throws IOException {
    Path script = folder.resolve("gpus.sh");
    Files.writeString(
        script, "echo '{\"name\": \"gpu\", \"addresses\": [\"0\", \"1\", \"2\", \"3\"]}'\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    Path log = Files.writeString(folder.resolve("log4j2.properties"), LOG);
    Map<String, String> settings = new HashMap<>(LocalCluster.settings(2, folder));
    settings.put("spark.master", "local-cluster[1,4,2048]");
    settings.put("spark.executor.cores", "2");
    settings.put("spark.worker.resource.gpu.amount", "4");
    settings.put("spark.worker.resource.gpu.discoveryScript", script.toString());
    settings.put("spark.executor.resource.gpu.amount", "2");
    settings.put("spark.task.resource.gpu.amount", "1");
    settings.merge(
        "spark.executor.extraJavaOptions",
        " -Dlog4j2.configurationFile=file:%s -Dtest.log=%s".formatted(log, log("{{EXECUTOR_ID}}")),
        String::concat);
    return settings;
  }

  private static final String LOG =
      """
      shutdownHook = disable
      rootLogger.level = warn
      rootLogger.appenderRef.file.ref = file
      appender.file.type = File
      appender.file.name = file
      appender.file.fileName = ${sys:test.log}
      appender.file.layout.type = PatternLayout
      appender.file.layout.pattern = %m%n
      logger.pool.name = stillhouse.teacher.TeacherPool
      logger.pool.level = info
      """;

  @Test
  void fourTasksGetFourGpusAndAnExecutorLoadsOneNetworkThatItClosesOnce() throws Exception {
    try (var session = new LocalSession(settings())) {
      fourTasksGetFourGpus(session.spark());
      anExecutorLoadsOneNetwork(session.spark());
      // The cluster itself would go down in any order, its executors perhaps before their hooks.
      session.spark().sparkContext().killExecutors(JavaConverters.asScalaBuffer(EXECUTORS).toSeq());
      for (String executor : EXECUTORS) {
        awaitClosing(executor);
      }
    }
    for (String executor : EXECUTORS) {
      String log = Files.readString(log(executor));
      assertThat(log).containsOnlyOnce("Loaded teacher small on cpu");
      assertThat(log).containsOnlyOnce("Closed teacher small on cpu");
      assertThat(log.split("Loaded teacher pretend on gpu")).hasSize(3);
      assertThat(log.split("Closed teacher pretend on gpu")).hasSize(3);
    }
  }

  private void fourTasksGetFourGpus(SparkSession spark) throws IOException {
    Sha256 digest = Sha256.of(new byte[1]);
    var spec = new TeacherSpec("pretend", digest, digest, digest, List.of("e"), "e", false, 1);
    String meeting = Files.createDirectory(folder.resolve("meeting")).toString();
    List<Row> tasks =
        spark
            .range(0, TASKS, 1, TASKS)
            .mapPartitions(
                (MapPartitionsFunction<Long, Row>) rows -> device(new OnGpu(spec), meeting),
                Encoders.row(
                    new StructType()
                        .add("executor", DataTypes.StringType)
                        .add("given", DataTypes.StringType)
                        .add("used", DataTypes.StringType)))
            .collectAsList();

    assertThat(tasks).extracting(t -> t.getString(1)).containsExactlyInAnyOrder("0", "1", "2", "3");
    assertThat(tasks).allSatisfy(t -> assertThat(t.getString(2)).isEqualTo(t.getString(1)));
    assertThat(Set.copyOf(tasks.stream().map(t -> t.getString(0)).toList())).hasSize(2);
  }

  /** Waits until all tasks are there, so that no two of them come one after the other. */
  private static Iterator<Row> device(TeacherSource source, String meeting) throws Exception {
    TaskContext task = TaskContext.get();
    Path place = Path.of(meeting);
    Files.createFile(place.resolve("task-" + task.partitionId()));
    for (int tries = 0; tries < 600 && count(place) < TASKS; tries++) {
      Thread.sleep(50);
    }
    try (Teacher teacher = TeacherPool.shared().acquire(source)) {
      float used = teacher.encode(List.of()).get(0).get("e").data()[0];
      return List.of(
              RowFactory.create(
                  SparkEnv.get().executorId(),
                  task.resourcesJMap().get("gpu").addresses()[0],
                  Integer.toString((int) used)))
          .iterator();
    }
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }

  private void anExecutorLoadsOneNetwork(SparkSession spark) throws IOException {
    Dataset<Row> answered = new TeacherTransformer().setTeacher(small()).transform(images(spark));
    for (Row row : answered.select("features_error").collectAsList()) {
      assertThat(row.isNullAt(0)).isTrue();
    }
    List<String> loads =
        spark
            .range(0, 16, 1, 16)
            .mapPartitions(
                (MapPartitionsFunction<Long, String>)
                    rows -> {
                      Thread.sleep(100); // so that each executor gets some
                      return List.of(
                              SparkEnv.get().executorId() + ": " + TeacherPool.shared().loads())
                          .iterator();
                    },
                Encoders.STRING())
            .collectAsList();
    // Two GPUs' networks, and the one that all its other tasks shared.
    assertThat(Set.copyOf(loads)).containsExactlyInAnyOrder("0: 3", "1: 3");
  }

  private static Dataset<Row> images(SparkSession spark) {
    byte[] png = ImageCodec.encodePng(new RgbImage(64, 64, new byte[3 * 64 * 64]));
    List<Row> rows = IntStream.range(0, 64).mapToObj(i -> RowFactory.create((Object) png)).toList();
    return spark
        .createDataFrame(rows, new StructType().add("image", DataTypes.BinaryType))
        .repartition(16);
  }

  private String small() throws IOException {
    Path file =
        ConfFiles.home()
            .resolve("teacher-cache/src/test/resources/reference/teacher/small-segmenter.onnx")
            .toAbsolutePath();
    return Files.writeString(
            folder.resolve("small.yaml"),
            """
            name: small
            engine: onnxruntime
            files: {encoder: {source: "file:%s", sha256: %s}}
            input:
              {height: 32, width: 32, batch: 2, resize: direct, scale: "0..1", mean: [0, 0, 0], std: [1, 1, 1]}
            layers: {embedding: features}
            logits: classes
            """
                .formatted(file, Sha256.ofFile(file)))
        .toString();
  }

  /** What an executor's pool says. */
  private Path log(String executor) {
    return folder.resolve("executor-" + executor + ".log");
  }

  private void awaitClosing(String executor) throws Exception {
    for (int tries = 0; tries < 600; tries++) {
      if (Files.readString(log(executor)).split("Closed teacher").length == 4) {
        return;
      }
      Thread.sleep(50);
    }
  }
}
