package stillhouse.conf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {
  record Oven(String name, int degrees, String mode) {}

  @TempDir Path folder;

  private Oven load(String yaml) throws IOException {
    return ConfigFile.load(
        Files.writeString(folder.resolve("oven.yaml"), yaml), Oven.class, "/schema/oven.json");
  }

  @Test
  void readsWhatTheSchemaAllows() throws IOException {
    assertThat(load("name: a\ndegrees: 200\nmode: fan\n")).isEqualTo(new Oven("a", 200, "fan"));
  }

  @Test
  void namesTheFileAndEveryBrokenKey() {
    assertThatThrownBy(() -> load("name: a\ndegrees: 400\nmode: steam\ntime: 3\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("oven.yaml")
        .hasMessageContaining("degrees")
        .hasMessageContaining("300")
        .hasMessageContaining("[fan, grill]")
        .hasMessageContaining("time");
  }

  @Test
  void refusesAKeyGivenTwice() {
    assertThatThrownBy(() -> load("name: a\ndegrees: 1\ndegrees: 2\n"))
        .hasMessageContaining("degrees");
  }

  @Test
  void refusesNumbersBeyondADouble() {
    assertThatThrownBy(() -> load("name: a\nmode: fan\ndegrees: 1.0e400\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("oven.yaml: degrees: not a finite number of double range");
    assertThatThrownBy(() -> load("name: a\nmode: fan\ndegrees: .inf\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Malformed numeric value '.inf'");
  }

  @Test
  void saysThatAVariableWithinBracesNeedsQuotes() {
    assertThatThrownBy(() -> load("{name: ${NAME}/a, degrees: 200, mode: fan}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("oven.yaml: while parsing a flow mapping")
        .hasMessageEndingWith(
            "(within braces a variable needs quotes: {images: \"${NAME}/images\"})");
  }

  @Test
  void refusesWhatIsNoMapping() {
    for (String yaml : new String[] {"", "- name: a\n  degrees: 1\n", "- 1\n- 2\n", "oven"}) {
      assertThatThrownBy(() -> load(yaml))
          .isInstanceOf(ConfigException.class)
          .hasMessageEndingWith("oven.yaml: not a YAML mapping");
    }
  }

  @Test
  void refusesASecondDocument() {
    assertThatThrownBy(() -> load("name: a\ndegrees: 1\n---\nname: b\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("oven.yaml: more than one YAML document (a line of ---)");
  }

  @Test
  void aMissingFileNamesItsNeighbours() throws IOException {
    Files.writeString(folder.resolve("grill.yaml"), "name: b");
    assertThatThrownBy(
            () -> ConfigFile.load(folder.resolve("gril.yaml"), Oven.class, "/schema/oven.json"))
        .hasMessageContaining("no such file")
        .hasMessageContaining("grill.yaml");
  }
}
