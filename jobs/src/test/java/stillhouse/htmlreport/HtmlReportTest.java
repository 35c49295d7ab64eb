package stillhouse.htmlreport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
  private static final Pattern TAG =
      Pattern.compile("<(/?)([a-z][a-z0-9]*)((?:\"[^\"]*\"|[^\">])*)>");
  private static final List<String> EMPTY =
      List.of("meta", "link", "img", "line", "polyline", "circle", "rect");
  @TempDir Path folder;

  private static String markup(String page) {
    return page.replaceAll("(?s)<style>.*?</style>|<script>.*?</script>", "");
  }

  @Test
  void noNameIsTakenForMarkup() {
    String page = HtmlReport.text(Hostile.findings());
    assertThat(page.split("<script>", -1)).as("only the page's own script").hasSize(2);
    assertThat(page)
        .contains("&lt;script&gt;alert(&#39;class&#39;)&lt;/script&gt;")
        .contains("naïve &quot;run&quot; &#39;ε&#x3D;½&#39; &amp; &lt;img src&#x3D;https:")
        .doesNotContain("<b>", "<i>", "<u>", "<boxes>", "<teacher>", "<model>", "<no>", "<dice>");
    for (String template : List.of("page", "table", "chart", "gallery", "facts")) {
      assertThat(template(template)).doesNotContain("{{{", "{{&");
    }
  }

  private static String template(String name) {
    try (var in =
        HtmlReport.class.getResourceAsStream("/stillhouse/htmlreport/" + name + ".mustache")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(name, e);
    }
  }

  @Test
  void everyTagIsClosedWhereItWasOpened() {
    var open = new ArrayDeque<String>();
    Matcher tags = TAG.matcher(markup(HtmlReport.text(Hostile.findings())));
    while (tags.find()) {
      String name = tags.group(2);
      if (EMPTY.contains(name)) {
        continue;
      }
      if (tags.group(1).isEmpty()) {
        open.push(name);
      } else {
        assertThat(open.pop()).as("at %d", tags.start()).isEqualTo(name);
      }
    }
    assertThat(open).isEmpty();
  }

  @Test
  void nothingIsFetchedAndEveryPictureIsToldInWords() {
    for (Findings findings : List.of(Hostile.findings(), Hostile.bare())) {
      String page = markup(HtmlReport.text(findings));
      assertThat(Pattern.compile("(?:src|href)=\"(?!data:|#)").matcher(page).find()).isFalse();
      assertThat(page).contains("default-src 'none'");
      Pattern.compile("<img [^>]*>")
          .matcher(page)
          .results()
          .forEach(img -> assertThat(img.group()).containsPattern("alt=\"[^\"]+\""));
      Pattern.compile("<svg (?!class)[^>]*>")
          .matcher(page)
          .results()
          .forEach(svg -> assertThat(svg.group()).containsPattern("aria-label=\"[^\"]+\""));
      Pattern.compile("(?s)<table>.*?</table>")
          .matcher(page)
          .results()
          .forEach(t -> assertThat(t.group()).contains("<caption>").contains("<th scope=\"col\""));
    }
  }

  @Test
  void figuresStandWithTheirIntervalsAndTheSupervisionIsSaid() {
    String page = HtmlReport.text(Hostile.findings());
    assertThat(page)
        .contains("0.5000<small>0.400 to 0.600</small>") // mIoU with its interval
        .contains("75.0 %<small>30</small>") // of class 1, 30 of 40 pixels are taken for it
        .contains("(box supervision)")
        .contains("-0.0500") // FP16's boundary IoU less FP32's
        .contains(">1.00 MiB<");
  }

  @Test
  void aCascadeSaysWhatItCostsWhatItOwesToLabelsAndWhatIsNotInIt() {
    String page = HtmlReport.text(Hostile.findings());
    assertThat(page)
        .contains("It is of &lt;other&gt; images.")
        .contains("The teacher &lt;teacher&gt; was asked with &lt;boxes&gt;, on split test, too: ")
        .contains("Left out of split test: 7 images, not &lt;answered&gt;.")
        .contains("1.0 for the student, ", " 9.0 for its encoder and 0.5 a prompt.")
        .contains("at random from 0.4000 at 1.000 to 0.6000 at 11.00") // over the cost
        .containsPattern("cascade by entropy</th>(?s:.*?)>3.5<")
        .containsPattern("teacher alone</th>(?s:.*?)>10.0<");
    assertThat(page.split("boundary IoU over its cost", -1))
        .as("in the title, and in words, of the one that has a cost")
        .hasSize(3);
  }

  @Test
  void whatIsMissingIsNamedWithTheCommandThatGivesIt() {
    String page = HtmlReport.text(Hostile.bare());
    for (String id :
        List.of(
            "scores",
            "classes",
            "variants",
            "confusion",
            "strata",
            "overlays",
            "training",
            "structure",
            "cascade",
            "latency",
            "promotions",
            "cache")) {
      assertThat(page).contains("<section id=\"" + id + "\"");
    }
    assertThat(page)
        .contains(typed("bin/stillhouse cascade --run NAME --data d --root out --teacher NAME"))
        .contains(typed("bin/stillhouse promote --root out --run NAME"))
        .contains(typed("bin/stillhouse evaluate --data d --root out --split test --force"))
        .contains(typed("bin/stillhouse export --root out --variants int8-cpu,int8,fp16"))
        .contains("No MLflow server was named.")
        .contains("not the same for all models");
  }

  private static String typed(String command) {
    return "<code><span>" + command.replace(" ", "</span> <span>") + "</span> </code>";
  }

  @Test
  void aPageTakesThePlaceOfTheOneBefore() throws IOException {
    Path file = folder.resolve("made/report.html");
    HtmlReport.write(Hostile.bare(), file);
    HtmlReport.write(Hostile.findings(), file);
    assertThat(Files.readString(file)).isEqualTo(HtmlReport.text(Hostile.findings()));
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  /** A browser builds the page, runs its lines of script, and has nothing to say against either. */
  @Test
  void aBrowserShowsItWithoutAnError() throws Exception {
    Optional<Path> chromium = chromium();
    assumeTrue(chromium.isPresent(), "no chromium on the PATH: the page was not opened");
    Path file = folder.resolve("report.html");
    HtmlReport.write(Hostile.findings(), file);
    Path errors = folder.resolve("stderr.txt");
    Process browser =
        new ProcessBuilder(
                chromium.get().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--user-data-dir=" + folder.resolve("profile"),
                "--enable-logging=stderr",
                "--dump-dom",
                URI.create("file://" + file).toString())
            .redirectError(errors.toFile())
            .redirectOutput(folder.resolve("dom.html").toFile())
            .start();
    assertThat(browser.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readAllLines(errors)).noneMatch(line -> line.contains("CONSOLE"));
    String dom = Files.readString(folder.resolve("dom.html"));
    assertThat(dom).contains("<th scope=\"col\"><button type=\"button\">model</button></th>");
    assertThat(dom).doesNotContain("<script>alert");
  }

  private static Optional<Path> chromium() {
    return Stream.of(System.getenv("PATH").split(":"))
        .flatMap(
            at ->
                Stream.of("chromium", "chromium-browser", "google-chrome").map(n -> Path.of(at, n)))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
