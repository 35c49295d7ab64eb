package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.View;
import stillhouse.teacher.LocalTeacher;

/** How a teacher's equivariance is measured. */
final class EquivarianceOptions {
  private static final Logger log = LoggerFactory.getLogger(EquivarianceOptions.class);

  @Option(
      names = "--equivariance",
      description =
          "instead of reading the cache, measure how far what the teacher says of a view of an"
              + " image is from the view of what it says of the image")
  private boolean asked;

  @Option(
      names = "--images",
      defaultValue = "32",
      paramLabel = "N",
      description = "how many images are asked about (default: ${DEFAULT-VALUE})")
  private int images;

  @Option(
      names = "--views",
      split = ",",
      defaultValue = "flip-horizontal,flip-vertical,turn-180",
      paramLabel = "VIEW",
      converter = ViewName.class,
      description = "which views (default: ${DEFAULT-VALUE})")
  private List<View> views;

  @Option(
      names = "--derivable",
      defaultValue = "0.999",
      paramLabel = "COSINE",
      description =
          "from which cosine on, in every map of 95 %% of the images, a view counts as derivable"
              + " (default: ${DEFAULT-VALUE})")
  private double derivable;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "also write equivariance.json, and views.png of one image")
  private Path out;

  boolean asked() {
    return asked;
  }

  /** Before Spark starts. */
  void check() {
    if (images < 1) {
      throw new ConfigException("Invalid --images: " + images + " (must be >= 1)");
    }
    if (!(derivable > 0 && derivable <= 1)) {
      throw new ConfigException("Invalid --derivable: " + derivable + " (must be > 0 and <= 1)");
    }
    if (out != null && Files.exists(out) && !Files.isDirectory(out)) {
      throw new ConfigException("Invalid --out: " + out + " (must be a folder)");
    }
  }

  /** Prints the table, and writes it and a picture where they are asked for. */
  void run(SparkSession spark, RootOption root, DatasetConfig dataset, LocalTeacher teacher) {
    var probe = new EquivarianceProbe(spark, root.uri(), dataset, teacher, View.ordered(views));
    EquivarianceTable table = probe.measure(images, derivable);
    System.out.println(table.text());
    if (out != null) {
      Path json = out.resolve("equivariance.json");
      JsonFiles.write(json, table.toMap(dataset.name(), teacher.spec()));
      log.info("Wrote {} and {}", json, write(out.resolve("views.png"), probe.picture(images)));
    }
  }

  private static Path write(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }
}
