package stillhouse.jobs;

import java.util.List;
import java.util.Map;

/** Notes on files of another precision that nobody calibrated. */
final class VariantNotes {
  private VariantNotes() {}

  static VariantNote of(Variant variant, long bytes, String sha256, String fp32) {
    return new VariantNote(
        variant.word(),
        variant.file(),
        bytes,
        sha256,
        fp32,
        "",
        Map.of(),
        null,
        null,
        List.of(),
        List.of());
  }
}
