package stillhouse.jobs;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import stillhouse.predict.Reading;

/** {@code absolute} and the other words of {@link Reading}. */
final class ReadingConverter implements ITypeConverter<Reading> {
  @Override
  public Reading convert(String word) {
    return Reading.of(word)
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "must be one of " + Reading.words() + ", not '" + word + "'"));
  }
}
