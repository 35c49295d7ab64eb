package stillhouse.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** Records of runs that nobody trained. */
final class RunRecords {
  private RunRecords() {}

  /** As a version left it that knew of no seconds where it trained only a part. */
  static RunRecord untimed(RunRecord record) {
    try {
      ObjectNode fields = JsonFiles.JSON.valueToTree(record);
      return JsonFiles.JSON.treeToValue(fields.put("seconds", 0), RunRecord.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A record is plain data: " + record, e);
    }
  }

  /** A run of one rank that learnt one class, in batches of 16 at 1e-3. */
  static RunRecord of(
      String name, String recipe, long steps, String mlflowRun, Map<String, Double> losses) {
    return new RunRecord(
        name,
        recipe,
        "tiny-conv",
        "plates",
        "recipe.yaml",
        "student.yaml",
        List.of("scratch"),
        96,
        96,
        "view",
        "view",
        "w",
        List.of("w"),
        "checkpoint",
        0,
        1,
        1,
        1,
        steps,
        1,
        1,
        16,
        1e-3,
        mlflowRun,
        losses,
        "",
        0,
        false,
        "",
        0,
        0);
  }
}
