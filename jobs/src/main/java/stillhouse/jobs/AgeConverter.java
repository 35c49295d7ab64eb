package stillhouse.jobs;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How long ago, as a person writes it: {@code 7d}, {@code 12h}, {@code 0d}. */
final class AgeConverter implements ITypeConverter<Duration> {
  private static final Pattern AGE = Pattern.compile("([0-9]{1,5})([dh])");

  @Override
  public Duration convert(String text) {
    Matcher age = AGE.matcher(text);
    if (!age.matches()) {
      throw new TypeConversionException(
          "'" + text + "' is no age (must be days or hours, such as 7d or 12h)");
    }
    long amount = Long.parseLong(age.group(1));
    return age.group(2).equals("d") ? Duration.ofDays(amount) : Duration.ofHours(amount);
  }
}
