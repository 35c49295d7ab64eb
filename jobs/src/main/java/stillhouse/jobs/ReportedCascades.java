package stillhouse.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.htmlreport.Cascaded;
import stillhouse.identity.Sha256;
import stillhouse.teacher.TeacherSpec;

/** Cascades of runs as they were measured, and whether they are of what is there now. */
final class ReportedCascades {
  private static final String AGAIN = "; run the cascade job again";

  private final SparkSession spark;
  private final String root;
  private final DatasetConfig dataset;
  private final Optional<TeacherSpec> teacher;
  private final Map<String, String> digests = new HashMap<>(); // by split

  /**
   * @param samples of the split that is reported on
   */
  ReportedCascades(
      SparkSession spark,
      String root,
      DatasetConfig dataset,
      Optional<TeacherSpec> teacher,
      TestSamples samples) {
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.teacher = teacher;
    digests.put(samples.split(), samples.set().digest().hex());
  }

  /** Of the runs that have one. */
  List<Cascaded> of(Collection<Path> folders) {
    List<Cascaded> found = new ArrayList<>();
    for (Path folder : folders) {
      Path file = folder.resolve(CascadeReport.JSON);
      if (Files.isRegularFile(file)) {
        JsonNode figures =
            JsonFiles.read(
                file, "Remove it and run the cascade job again.", JsonFiles.JSON::readTree);
        found.add(new Cascaded(figures, remarks(figures, folder)));
      }
    }
    return found;
  }

  private List<String> remarks(JsonNode figures, Path folder) {
    if (!figures.path("model").isTextual() || !figures.path("samples").isObject()) {
      return List.of("It does not say which file and images it is of" + AGAIN);
    }
    List<String> remarks = new ArrayList<>();
    Path onnx = folder.resolve(RunRecord.ONNX);
    if (Files.isRegularFile(onnx)
        && !figures.get("model").asText().equals(Sha256.ofFile(onnx).hex())) {
      remarks.add("It is of another file than %s is now%s".formatted(RunRecord.ONNX, AGAIN));
    }
    figures
        .get("samples")
        .fields()
        .forEachRemaining(
            split -> {
              if (isComparable(figures, split.getKey())
                  && !split.getValue().asText().equals(digest(split.getKey()))) {
                remarks.add(
                    "It is of other images of split %s than are there now%s"
                        .formatted(split.getKey(), AGAIN));
              }
            });
    return remarks;
  }

  /** Which images a teacher has not answered is known with the teacher alone. */
  private boolean isComparable(JsonNode figures, String split) {
    return teacher.isPresent() || figures.path("leftOut").path(split).isEmpty();
  }

  private String digest(String split) {
    return digests.computeIfAbsent(split, this::measured);
  }

  private String measured(String split) {
    try {
      return TestSamples.of(spark, root, dataset, split, teacher).set().digest().hex();
    } catch (ConfigException e) {
      return "none"; // no image of it is left
    }
  }
}
