package stillhouse.data;

import java.util.Locale;

/** Which part of the data a sample belongs to. */
public enum Split {
  TRAIN,
  VAL,
  TEST;

  /** As it stands in tables and in YAML. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
