package stillhouse.train;

import java.util.List;

/** What a recipe may need of a view besides a sample's id, weight, label flag and pixels. */
public enum Column {
  MASK("mask"),
  EMBEDDING("embedding"),
  STRUCTURE("structure"),
  LOGITS("logits");

  /** Read whatever the recipe. */
  static final List<String> ALWAYS = List.of("sample_id", "weight", "labelled", "pixels");

  private final String field;

  Column(String field) {
    this.field = field;
  }

  /** The Parquet field. */
  String field() {
    return field;
  }
}
