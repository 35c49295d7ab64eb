package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import stillhouse.jobs.CalibrationSet.Candidate;

/** Which of a few described images are drawn, and what is said of them. */
class CalibrationSetTest {
  private static final List<String> NAMES = List.of("scratch", "dent", "pinhole");

  @Test
  void strataTakeTurnsSoThatARareClassIsThereAsOftenAsItCanBe() {
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      candidates.add(candidate("plain" + i, "", i));
    }
    for (int i = 0; i < 3; i++) {
      candidates.add(candidate("dent" + i, "2", 100 * i));
    }
    CalibrationSet set = CalibrationSet.drawn(candidates, 9, NAMES);
    assertThat(set.ids()).hasSize(9).contains("dent0", "dent1", "dent2");
    assertThat(set.strata())
        .containsEntry("2, dark", 1L)
        .containsEntry("2, middle", 1L)
        .containsEntry("2, bright", 1L)
        .containsEntry("none, dark", 2L)
        .containsEntry("none, middle", 2L)
        .containsEntry("none, bright", 2L);
    assertThat(set.classes()).containsExactly("dent");
  }

  @Test
  void whatIsKnownOfImagesMakesStrataOfItsOwn() {
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      candidates.add(candidate("dull" + i, "1", "glare: none", 100));
    }
    for (int i = 0; i < 3; i++) {
      candidates.add(candidate("bright" + i, "1", "glare: strong", 100));
    }
    CalibrationSet set = CalibrationSet.drawn(candidates, 6, NAMES);
    assertThat(set.ids()).contains("bright0", "bright1", "bright2");
    assertThat(set.strata())
        .containsEntry("1, glare: strong, dark", 1L)
        .containsEntry("1, glare: none, bright", 1L);
  }

  @Test
  void ofMoreStrataThanImagesHashesChooseAndTheRestIsWarnedOf() {
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      candidates.add(candidate("z" + (9 - i), "1", "glare: " + i, 100));
    }
    CalibrationSet set = CalibrationSet.drawn(candidates, 3, NAMES);
    assertThat(set.ids()).containsExactly("z1", "z2", "z3");
    assertThat(set.without()).isEqualTo(6);
    assertThat(set.warnings(NAMES))
        .anyMatch(w -> w.startsWith("INT8 is calibrated on images of 3 strata, and 6 more gave"));
  }

  @Test
  void withinAStratumAnotherGroupsImageComesFirst() {
    List<Candidate> candidates =
        List.of(
            new Candidate("a0", "a", "1", "", "0", 0), // dark
            new Candidate("p0", "p", "1", "", "5", 1),
            new Candidate("a1", "a", "1", "", "1", 2), // middle
            new Candidate("b0", "b", "1", "", "2", 3),
            new Candidate("c0", "c", "1", "", "3", 4), // bright
            new Candidate("d0", "d", "1", "", "4", 5));
    assertThat(CalibrationSet.drawn(candidates, 3, NAMES).ids()).containsExactly("a0", "b0", "c0");
    assertThat(CalibrationSet.drawn(candidates, 99, NAMES).ids())
        .containsExactlyInAnyOrder("a0", "b0", "c0", "p0", "a1", "d0");
  }

  @Test
  void fewImagesOfOneClassAreWarnedOfByNumberAndName() {
    List<Candidate> candidates =
        IntStream.range(0, 12).mapToObj(i -> candidate("dent" + i, "2", i)).toList();
    assertThat(CalibrationSet.drawn(candidates, 512, NAMES).warnings(NAMES))
        .containsExactly(
            "INT8 is calibrated on 12 images (at least 500 are wanted): what rare images need may be"
                + " cut off. These are all training images: ingest more",
            "INT8 is calibrated on images that show one class of 3, dent: ranges may not fit the"
                + " others [scratch, pinhole]. Label training images of those");
    assertThat(
            CalibrationSet.drawn(candidates, 512, List.of("scratch", "dent"))
                .warnings(List.of("dent")))
        .as("one class is all there is")
        .hasSize(1);
    assertThat(CalibrationSet.drawn(candidates, 11, NAMES).warnings(NAMES).get(0))
        .as("one was left out")
        .endsWith("may be cut off. Ask for more with --calibration-images");
  }

  @Test
  void strataAreReadByTheNamesOfTheirClasses() {
    List<Candidate> candidates =
        List.of(
            candidate("a", "1+3", "glare: none, paint: red", 0),
            candidate("b", "", 0),
            candidate("c", "", 1),
            candidate("d", "", 2),
            candidate("e", "", 3));
    assertThat(CalibrationSet.drawn(candidates, 9, NAMES).text(NAMES))
        .isEqualTo(
            "1 of scratch+pinhole, glare: none, paint: red, dark; 1 of none, bright;"
                + " 2 of none, dark; 1 of none, middle");
  }

  @Test
  void enoughImagesOfSeveralClassesNeedNoWord() {
    List<Candidate> candidates =
        IntStream.range(0, 600).mapToObj(i -> candidate("s" + i, "" + (1 + i % 3), i)).toList();
    CalibrationSet set = CalibrationSet.drawn(candidates, 512, NAMES);
    assertThat(set.ids()).hasSize(512).doesNotHaveDuplicates();
    assertThat(set.warnings(NAMES)).isEmpty();
    List<Candidate> bare =
        IntStream.range(0, 600).mapToObj(i -> candidate("s" + i, "", i)).toList();
    assertThat(CalibrationSet.drawn(bare, 512, NAMES).warnings(NAMES))
        .containsExactly(
            "INT8 is calibrated on images without labels: they are spread by brightness alone");
  }

  private static Candidate candidate(String id, String shows, double brightness) {
    return candidate(id, shows, "", brightness);
  }

  private static Candidate candidate(String id, String shows, String known, double brightness) {
    return new Candidate(id, "group of " + id, shows, known, id, brightness);
  }
}
