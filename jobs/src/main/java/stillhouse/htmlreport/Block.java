package stillhouse.htmlreport;

/** A part of a section. The page's template has one form for each. */
sealed interface Block permits Chart, Facts, Gallery, Heading, Note, Table {}
