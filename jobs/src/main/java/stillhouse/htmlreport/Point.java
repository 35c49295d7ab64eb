package stillhouse.htmlreport;

/** A place of a curve, in the curve's own units. */
public record Point(double x, double y) {}
