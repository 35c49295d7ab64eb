package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import stillhouse.canary.Check;
import stillhouse.conf.ConfigException;
import stillhouse.decoder.PromptInput;
import stillhouse.decoder.PublishedDecoder;
import stillhouse.identity.Sha256;
import stillhouse.train.Recipe;

/**
 * A student that takes prompts, from training to a teacher, in a workspace that others test with.
 */
interface PromptedRunTests {
  String STUDENT =
      """
      name: asked
      network: conv-pyramid
      norm: batch
      channels: [8, 16, 16]
      depths: [0, 1, 1]
      decoder: 16
      embedding: 16
      prompt: {depth: 1, heads: 2, mlp: 16, start: %s}
      """;
  String PROPOSALS = ", proposals: {channels: 4}";
  String RECIPE =
      """
      name: asking
      phases:
        - {name: all, epochs: 1, trains: all, losses: {dice: {weight: 1}, prompt-labels: {weight: 1, prompts: {objects: 2, iterations: 1}}}}
        - {name: prompts, epochs: 1, trains: [prompts], losses: {prompt-labels: {weight: 1, prompts: {objects: 2, iterations: 0}}}}
      training:
        batch: 4
        optimizer: {type: adamw, learningRate: 0.001}
      """;

  Workbench bench();

  /** A decoder of points alone, masks half as fine. */
  @Test
  default void aStudentThatTakesPointsIsTrainedExportedAndAskedAsATeacher() throws Exception {
    Path recipe =
        Files.writeString(
            bench().folder().resolve("pointing.yaml"),
            RECIPE.replace("objects: 2", "objects: 2, pointShare: 1"));
    bench().done(train(recipe, "fresh, densePoints: true, doublings: 1", "prompted"));
    bench().done("export", bench().root(), bench().tracking(), "--run=prompted");
    Path decoder = bench().runs().resolve("prompted/student.decoder.onnx");
    Files.delete(decoder);
    bench().done("export", bench().root(), bench().tracking(), "--run=prompted");
    assertThat(decoder).isRegularFile();
    Path yaml = bench().runs().resolve("prompted/promptable.yaml");
    assertThat(yaml).content().contains("student.decoder.onnx", "decoder-weights", "dense-points");
    assertThat(bench().artifacts(bench().record("prompted").mlflowRun(), "onnx"))
        .contains("student.onnx", "student.decoder.onnx", "decoder.safetensors", "promptable.yaml");
    Path summary = bench().folder().resolve("prompted.json");
    bench()
        .done(
            "prompts",
            bench().data(),
            bench().root(),
            bench().tracking(),
            "--teacher=" + yaml,
            "--clicks=1",
            "--limit=2",
            "--summary=" + summary);
    assertThat(JsonFiles.JSON.readTree(summary.toFile()).at("/0/questions").fieldNames())
        .toIterable()
        .containsExactly("point", "click_1");
    String[] cache = {"cache", bench().data(), bench().root(), "--teacher=" + yaml};
    assertThat(bench().said(cache).err())
        .contains(
            "Cannot ask teacher prompted for data set",
            "its prompts are boxes (source: label-boxes), and the teacher answers points alone");
    asksItself("prompted");
  }

  /** Without a person: one file more, which the other jobs read as any. */
  private void asksItself(String run) throws IOException {
    Path folder = bench().runs().resolve(run);
    String[] export = {"export", bench().root(), bench().tracking(), "--run=" + run};
    bench().done(String.join(" ", export), "--variants=points --points=4 --point-min-iou=0");
    assertThat(folder.resolve("student.fused.onnx")).isRegularFile();
    assertThat(folder.resolve("unchecked-student.fused.onnx")).doesNotExist();
    Path summary = bench().folder().resolve("asked-itself.json");
    bench()
        .done(
            "evaluate",
            bench().data(),
            bench().root(),
            bench().tracking(),
            "--run=" + run,
            "--split=train",
            "--summary=" + summary);
    assertThat(JsonFiles.JSON.readTree(summary.toFile()).get("models"))
        .extracting(model -> model.get("name").asText())
        .containsExactly(run, run + ".points");
    assertThat(folder.resolve("variants/points/overlays/overlays.png")).isRegularFile();
    CanaryReport canary = CanaryReport.read(folder.resolve("variants/points")).orElseThrow();
    assertThat(canary.checks()).extracting(Check::name).containsExactly("boundary IoU");
    bench().done("bench", "--run=" + folder, "--warmup=0 --calls=1 --threads=1 --batch=1,2");
    bench().done("explain", folder.resolve("student.fused.onnx").toString());
    assertThat(bench().said(String.join(" ", export), "--variants=points --points=0").err())
        .contains("Invalid --points or --point-…: Invalid points: 0 (must be 1…64)");
    standsBeforeATeacher(run);
  }

  /** In a cascade: behind it the same network, asked by points of the labels. */
  private void standsBeforeATeacher(String run) throws IOException {
    Path folder = bench().runs().resolve(run);
    Path data = bench().folder().resolve("points.yaml");
    String yaml = Files.readString(bench().folder().resolve("scenes.yaml"));
    Files.writeString(data, yaml.replaceAll("source: \"?label-boxes\"?", "source: label-points"));
    String[] cached = {
      "cache", bench().data().replace("scenes.yaml", "points.yaml"), bench().root(), ""
    };
    cached[3] = "--teacher=" + folder.resolve("promptable.yaml");
    bench().done(cached);
    String[] cascade = Arrays.copyOf(cached, 7);
    cascade[0] = "cascade";
    cascade[4] = bench().tracking();
    cascade[5] = "--run=" + run;
    cascade[6] = "--validate-split=test --split=train --variant=points";
    bench().done(cascade);
    Path kept = folder.resolve("variants/points/cascade");
    assertThat(kept.resolve("cascade.png")).isNotEmptyFile();
    assertThat(folder.resolve("cascade")).doesNotExist();
    JsonNode found = JsonFiles.JSON.readTree(kept.resolve("cascade.json").toFile());
    assertThat(found.get("run").asText()).isEqualTo(run + ".points");
    assertThat(found.get("model").asText())
        .isEqualTo(Sha256.ofFile(folder.resolve("student.fused.onnx")).hex());
    assertThat(found.at("/teacher/asked").asInt())
        .isEqualTo(found.at("/student/images").asInt())
        .isPositive();
    Score alone = Score.read(folder.resolve("variants/points"), "train").orElseThrow();
    assertThat(found.at("/student/iou").asDouble()).isEqualTo(alone.metrics().get("iou"));
  }

  @Test
  default void aDecoderThatStartsFromATeachersNeedsOne() throws IOException {
    Path recipe = Files.writeString(bench().folder().resolve("asking.yaml"), RECIPE);
    Workbench.Said said = bench().said(train(recipe, "teacher", "orphan"));
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(said.err())
        .contains(
            "Student asked starts from the teacher's decoder, and no teacher is given. Give a teacher whose YAML has files.decoder-weights");
  }

  @Test
  default void whatDoesNotFitIsSaidBeforeARankStarts() throws IOException {
    Path recipe = Files.writeString(bench().folder().resolve("asking.yaml"), RECIPE);
    String[] plain = train(recipe, "fresh", "plain");
    plain[4] = "--student=tiny-conv";
    Workbench.Said said = bench().said(plain);
    assertThat(said.code()).isEqualTo(Stillhouse.BAD_INPUT);
    assertThat(said.err())
        .contains(
            "Cannot train student tiny-conv by recipe asking", "the student takes no prompts");
    Path unasked =
        Files.writeString(
            bench().folder().resolve("unasked.yaml"),
            RECIPE
                .replaceAll(", prompt-labels: \\{weight: 1, prompts: \\{[^}]*}}", "")
                .replaceAll("prompt-labels: \\{weight: 1, prompts: \\{[^}]*}}", "bce: {weight: 1}")
                .replace("trains: [prompts]", "trains: [decoder]"));
    assertThat(bench().said(train(unasked, "fresh", "unasked")).err())
        .contains(
            "Cannot train student asked by recipe asking: its decoder for prompts starts, at least in part, from random values, no loss of the recipe asks it",
            "or set prompt.start: teacher in");
    String[] validated = Arrays.copyOf(train(recipe, "fresh", "seen"), 10);
    validated[9] = "--validate-every=1";
    assertThat(bench().said(validated).err())
        .contains("Cannot validate recipe asking: its last phase trains prompts alone");
  }

  @Test
  default void imagesThatAreLetterBoxedAndNotSquareAreNamed() {
    var spark = bench().spark();
    var some =
        spark.sql("select 'b.png' image_uri, 30 width, 41 height union all select 'a.png', 40, 30");
    PromptedRuns.requireSquare("loop", "boxed", some.where("width = height"));
    assertThatThrownBy(() -> PromptedRuns.requireSquare("loop", "boxed", some))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Recipe loop asks the decoder of teacher boxed")
        .hasMessageContaining(
            "2 training and validation images are not square, a.png (40×30), b.png (30×41) among them. Cut them into square tiles (tiles: in the data set's YAML), or name a teacher whose YAML has input: {resize: direct}");
  }

  /**
   * The first is the second's teacher: its decoder is started from, and asked while it learns. It
   * proposes boxes, too.
   */
  @Test
  default void aStudentStartsFromAndIsHeldAgainstATeachersDecoder() throws IOException {
    Path recipe =
        Files.writeString(
            bench().folder().resolve("proposing.yaml"),
            RECIPE.replace(
                "trains: [prompts], losses: {",
                "trains: [prompts, proposals], losses: {proposal-labels: {weight: 1}, "));
    bench().done(train(recipe, "fresh" + PROPOSALS, "master"));
    bench().done("export", bench().root(), bench().tracking(), "--run=master");
    String teacher = "--teacher=" + bench().runs().resolve("master/promptable.yaml");
    bench().done("cache", bench().data(), bench().root(), teacher);
    isAskedWithItsProposalsAndWithout(teacher);
    Path loop =
        Files.writeString(
            bench().folder().resolve("loop.yaml"),
            """
            name: loop
            losses: {prompt-teacher: {weight: 1, prompts: {objects: 2, iterations: 1}}}
            training:
              epochs: 1
              batch: 4
              optimizer: {type: adamw, learningRate: 0.001}
            alignment: {grid: teacher}
            """);
    int grid = bench().record("master").height() / 4;
    String[] apprentice = Arrays.copyOf(train(loop, "teacher" + PROPOSALS, "apprentice"), 11);
    apprentice[6] = "--epochs=1";
    apprentice[9] = teacher;
    apprentice[10] = "--grid=7";
    assertThat(bench().said(apprentice).err())
        .contains(
            "Cannot train student asked by recipe loop on a grid of 7×7 cells: teacher master's decoder, which the recipe asks, knows its embedding on %d×%d. Leave --grid out and say alignment: {grid: teacher} in the recipe."
                .formatted(grid, grid));
    bench().done(Arrays.copyOf(apprentice, 10));
    bench().done("export", bench().root(), bench().tracking(), "--run=apprentice");
    Path kept = bench().runs().resolve("apprentice/recipe.yaml");
    assertThat(Recipe.load(kept).alignment().grid()).isEqualTo(grid);
    int side = bench().record("master").height();
    assertThat(bench().record("master").promptHeight()).isZero();
    assertThat(bench().record("apprentice").promptHeight()).isEqualTo(side);
    assertThat(
            PublishedDecoder.madeFor(
                bench().runs().resolve("apprentice/student.decoder.safetensors")))
        .contains(new PromptInput(side, side));
    assertThat(bench().record("apprentice").parameters())
        .isEqualTo(bench().record("master").parameters());
  }

  private void isAskedWithItsProposalsAndWithout(String teacher) throws IOException {
    Path folder = bench().runs().resolve("master");
    assertThat(folder.resolve("student.proposals.onnx")).isRegularFile();
    assertThat(folder.resolve("unchecked-student.proposals.onnx")).doesNotExist();
    Path summary = bench().folder().resolve("proposing.json");
    String[] prompts = {
      "prompts",
      bench().data(),
      bench().root(),
      bench().tracking(),
      teacher,
      "--clicks=1",
      "--limit=2",
      "--summary=" + summary
    };
    bench().done(String.join(" ", prompts), "--granularity=both");
    assertThat(JsonFiles.JSON.readTree(summary.toFile()))
        .extracting(asked -> asked.get("teacher").asText())
        .containsExactly("master", "master.without-proposals");
    assertThat(bench().said(String.join(" ", prompts), "--granularity=fine").err())
        .contains("Invalid --granularity: fine (must be one of [none, proposals, both])");
    prompts[4] = teacher.replace("promptable.yaml", "plain.yaml");
    Files.writeString(
        folder.resolve("plain.yaml"),
        Files.readString(folder.resolve("promptable.yaml"))
            .replaceAll("(?m)^granularity:\n(  .*\n)*", "")
            .replaceAll("(?m)^  proposals:\n(    .*\n)*", ""));
    assertThat(bench().said(String.join(" ", prompts), "--granularity=proposals").err())
        .contains("Invalid --granularity: proposals (teacher master has none");
  }

  private String[] train(Path recipe, String start, String name) throws IOException {
    Path student =
        Files.writeString(bench().folder().resolve("asked.yaml"), STUDENT.formatted(start));
    return new String[] {
      "train",
      bench().data(),
      bench().root(),
      bench().tracking(),
      "--student=" + student,
      "--recipe=" + recipe,
      "--epochs=2",
      "--ranks=1",
      "--name=" + name
    };
  }
}
