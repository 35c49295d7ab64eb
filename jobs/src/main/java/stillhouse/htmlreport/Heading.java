package stillhouse.htmlreport;

/** A title within a section. */
record Heading(String text) implements Block {}
