package stillhouse.jobs;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import stillhouse.data.View;

/** A view by the name that YAML files give it. */
final class ViewName implements ITypeConverter<View> {
  @Override
  public View convert(String name) {
    try {
      return View.of(name);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
