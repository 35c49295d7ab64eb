package stillhouse.htmlreport;

import java.util.List;

/** What the template is filled with. */
record Page(String title, String subtitle, List<Facts.Fact> facts, List<Section> sections) {
  Page {
    facts = List.copyOf(facts);
    sections = List.copyOf(sections);
  }
}
