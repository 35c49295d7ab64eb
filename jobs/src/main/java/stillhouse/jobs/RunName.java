package stillhouse.jobs;

import java.math.BigDecimal;
import java.util.regex.Pattern;
import stillhouse.conf.ConfigException;

/** What tells runs of one workspace apart, and is a folder's name. */
final class RunName {
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  private RunName() {}

  /** A name that a user chose: a folder's, and one of a list with commas. */
  static String require(String name) {
    if (!FORM.matcher(name).matches()) {
      throw new ConfigException(
          "Invalid --name: '"
              + name
              + "' (must be letters, digits, '.', '_' and '-', a letter or digit first)");
    }
    return name;
  }

  /**
   * Student, recipe, seed, and between them the share of labels in percent where not all count:
   * {@code tiny-conv.sard.l10.s0}, {@code tiny-conv.sard.l10.4.s0}.
   */
  static String of(String student, String recipe, double labels, long seed) {
    String share = labels < 1 ? ".l" + percent(labels) : "";
    return student + "." + recipe + share + ".s" + seed;
  }

  /** In decimal arithmetic, as the share was written: 0.101 is 10.1 and not 10.100000000000001. */
  static String percent(double share) {
    return BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros().toPlainString();
  }
}
