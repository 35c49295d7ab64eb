package stillhouse.htmlreport;

import java.util.List;

/** Names and what they are, a line each. */
record Facts(List<Fact> facts) implements Block {
  /** One line. */
  record Fact(String name, String value) {}

  Facts {
    facts = List.copyOf(facts);
  }
}
