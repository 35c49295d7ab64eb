package stillhouse.htmlreport;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import stillhouse.htmlreport.Table.Cell;

/** What a file weighs, and what an image takes. */
final class LatencySection {
  private LatencySection() {}

  static Section of(Findings f) {
    List<Block> blocks = new ArrayList<>(List.of(table(f)));
    if (f.bench().isEmpty()) {
      blocks.add(
          new Note(
              "Latency by threads and batch was not given. These measure and show it:",
              f.commands().of("bench --run RUNS/NAME --json bench.json")
                  + "\n"
                  + f.commands().of("report … --bench bench.json")));
    } else {
      blocks.add(bench(f));
    }
    engines(f).forEach(blocks::add);
    return new Section(
        "latency",
        "Size and latency",
        "The network alone at batch 1 on one thread for a student's file; preprocessing and encoder for a teacher. Of the"
            + " machine that evaluated.",
        blocks);
  }

  private static Table table(Findings f) {
    var table =
        Table.of(
            "As evaluated",
            "model",
            "parameters",
            "bytes on disk",
            "p50 ms",
            "p90 ms",
            "p99 ms",
            "images/s");
    for (Model model : f.models()) {
      if (model.millis().isPresent()) {
        double p50 = model.millis().getAsDouble();
        table.row(
            model.name(),
            Figures.count(model.parameters()),
            Figures.bytes(model.bytes()),
            Cell.number(p50, "%.2f"),
            Figures.millis(model.metric("latency_p90_ms")),
            Figures.millis(model.metric("latency_p99_ms")),
            p50 > 0 ? Cell.number(1000 / p50, "%.1f") : Cell.none());
      }
    }
    return table.build();
  }

  private static Table bench(Findings f) {
    var table =
        Table.of(
            "By threads and batch",
            "file",
            "on",
            "threads",
            "batch",
            "p50 ms",
            "p90 ms",
            "p99 ms",
            "images/s",
            "memory");
    for (JsonNode file : f.bench()) {
      for (JsonNode line : file) {
        table.row(
            file(line),
            Cell.text(line.path("provider").asText()),
            Cell.count(line.path("threads").asLong()),
            Cell.count(line.path("batch").asLong()),
            Cell.number(line.path("latency_p50_ms").asDouble(), "%.2f"),
            Cell.number(line.path("latency_p90_ms").asDouble(), "%.2f"),
            Cell.number(line.path("latency_p99_ms").asDouble(), "%.2f"),
            Cell.number(line.path("images_per_second").asDouble(), "%.1f"),
            Figures.bytes(line.path("resident_bytes").asLong()));
      }
    }
    return table.build();
  }

  /** A run's file by its folder and precision; any other by its path. */
  private static String file(JsonNode line) {
    String file = line.path("file").asText();
    String variant = line.path("variant").asText();
    Path folder = Path.of(file).getParent();
    return variant.isEmpty() || folder == null ? file : folder.getFileName() + " " + variant;
  }

  private static List<Note> engines(Findings f) {
    return f.models().stream()
        .map(Model::engine)
        .filter(told -> !told.isEmpty())
        .distinct()
        .map(told -> new Note("TensorRT: " + told))
        .toList();
  }
}
