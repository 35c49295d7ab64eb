package stillhouse.jobs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheTables;
import stillhouse.conf.ConfigException;
import stillhouse.predict.StrataFile;
import stillhouse.predict.Stratum;
import stillhouse.predict.TruthStratum;

/** The parts of the images that are scored by themselves. */
final class StrataOptions {
  private static final Logger log = LoggerFactory.getLogger(StrataOptions.class);

  @Option(
      names = "--by",
      split = ",",
      paramLabel = "size|class|COLUMN",
      description =
          "also score parts of the images: by how many pixels are labelled (none, small < 32²,"
              + " medium < 96², large), by the classes that they show, by a column of --strata")
  private List<String> by = List.of();

  @Option(
      names = "--strata",
      paramLabel = "FILE.csv",
      description =
          "what is known of images: a column 'image' (file names) and one for each property, as glare")
  private String file;

  /** What is wrong without a look into the file. */
  void check() {
    List<String> truth = words();
    List<String> others = by.stream().filter(word -> !truth.contains(word)).toList();
    if (file == null && !others.isEmpty()) {
      throw new ConfigException(
          "Invalid --by: %s (must be among %s; --strata FILE.csv adds its columns)"
              .formatted(String.join(", ", others), truth));
    }
  }

  private static List<String> words() {
    return Arrays.stream(TruthStratum.values()).map(TruthStratum::word).toList();
  }

  /** Where {@code --by} names none of the file's columns, all of them are meant. */
  Strata open(SparkSession spark, String root) {
    Optional<StrataFile> columns =
        Optional.ofNullable(file)
            .map(uri -> StrataFile.read(spark, uri, CacheTables.of(root).samples(spark)));
    columns.map(StrataFile::remarks).filter(r -> !r.isEmpty()).ifPresent(log::warn);
    List<String> truth = words();
    List<Stratum> strata = new ArrayList<>();
    for (String word : by) {
      strata.add(
          truth.contains(word)
              ? TruthStratum.values()[truth.indexOf(word)]
              : column(columns, word));
    }
    if (by.stream().allMatch(truth::contains)) {
      columns.ifPresent(c -> c.columns().forEach(column -> strata.add(c.by(column))));
    }
    return new Strata(strata, columns);
  }

  private Stratum column(Optional<StrataFile> columns, String word) {
    return columns
        .filter(c -> c.columns().contains(word))
        .map(c -> c.by(word))
        .orElseThrow(
            () ->
                new ConfigException(
                    "Invalid --by: %s (must be among %s or columns of %s: %s)"
                        .formatted(
                            word,
                            words(),
                            file,
                            columns.map(StrataFile::columns).orElse(List.of()))));
  }

  /** Closed once all are scored. */
  record Strata(List<Stratum> by, Optional<StrataFile> file) implements AutoCloseable {
    /** What the truth says of images in any case, and the columns that were named. */
    List<Stratum> all() {
      Set<Stratum> all = new LinkedHashSet<>(List.of(TruthStratum.values()));
      all.addAll(by);
      return List.copyOf(all);
    }

    @Override
    public void close() {
      file.ifPresent(StrataFile::close);
    }
  }
}
