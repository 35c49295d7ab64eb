package stillhouse.jobs;

import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import stillhouse.predict.Stratum;

/** Reads {@code size} or {@code class}. */
final class StratumConverter implements ITypeConverter<Stratum> {
  @Override
  public Stratum convert(String word) {
    List<String> words = Arrays.stream(Stratum.values()).map(Stratum::word).toList();
    if (!words.contains(word)) {
      throw new TypeConversionException("'" + word + "' (must be one of " + words + ")");
    }
    return Stratum.values()[words.indexOf(word)];
  }
}
