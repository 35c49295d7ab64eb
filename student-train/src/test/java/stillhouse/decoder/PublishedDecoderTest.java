package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.student.PublishedWeights;
import stillhouse.student.SafeTensorFile;
import stillhouse.student.Weights;

/**
 * What fits, what starts fresh and what is refused; {@link DecoderReferenceTest} has the values.
 */
class PublishedDecoderTest {
  @TempDir Path folder;
  private NDManager manager;
  private Weights published;
  private Weights weights;

  @BeforeEach
  void open() {
    manager = Decoders.manager();
    published = new Weights(manager, 1);
    PromptableDecoder.create(Decoders.TINY, Decoders.OBLONG, Decoders.PREFIX, published);
    weights = new Weights(manager, 2);
  }

  @AfterEach
  void close() {
    weights.close();
    published.close();
    manager.close();
  }

  @Test
  void aSmallerDecoderTakesWhatItHasAndListsTheRest() {
    PromptableDecoder decoder =
        decoder(Decoders.TINY.with(Upsampling.TWOFOLD).with(PromptKinds.DENSE_POINTS));
    NDArray fresh = weights.get("student.mask_decoder.output_upscaling.0.weight");
    float[] start = fresh.toFloatArray();
    Path file = file("").floats("image_encoder.patch_embed.weight", "1", 5).write(path());

    PublishedWeights.Report report = PublishedDecoder.load(file, decoder, weights, NDArray::set);

    String upsampling = "student.mask_decoder.output_upscaling.0.";
    assertThat(report.fresh()).containsExactly(upsampling + "weight", upsampling + "bias");
    assertThat(fresh.toFloatArray()).containsExactly(start);
    assertThat(report.taken()).hasSize(weights.names().size() - 2);
    assertThat(report.leftOut())
        .contains(
            "prompt_encoder.point_embeddings.2.weight",
            "prompt_encoder.point_embeddings.3.weight",
            "mask_decoder.output_upscaling.3.weight",
            "prompt_encoder.mask_downscaling.6.bias")
        .hasSize(2 + 10 + 6);
    String token = "student.mask_decoder.iou_token.weight";
    assertThat(weights.get(token).toFloatArray())
        .containsExactly(published.get(token).toFloatArray());
  }

  @Test
  void allThatDoesNotFitIsNamedAndNothingIsFilled() {
    PromptableDecoder decoder = decoder(Decoders.TINY);
    float[] start = weights.get("student.mask_decoder.mask_tokens.weight").toFloatArray();
    Path file =
        file("iou_token")
            .floats("mask_decoder.iou_token.weight", "2,1", 1, 2)
            .floats("mask_decoder.extra.weight", "1", 1)
            .write(path());

    assertThatThrownBy(() -> PublishedDecoder.load(file, decoder, weights, NDArray::set))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot use the weights %s: they are of another decoder.\n"
                + "  - mask_decoder.iou_token.weight: [2, 1] in the file, [1, 16] in the decoder\n"
                + "  - mask_decoder.extra.weight: in the file, and not in the decoder",
            file);
    assertThat(weights.get("student.mask_decoder.mask_tokens.weight").toFloatArray())
        .containsExactly(start);
  }

  @Test
  void aTensorThatIsMissingOrNotFiniteIsNamed() {
    PromptableDecoder decoder = decoder(Decoders.TINY);
    Path without = file("iou_token").write(path());
    assertThatThrownBy(() -> PublishedDecoder.load(without, decoder, weights, NDArray::set))
        .hasMessageEndingWith(
            "mask_decoder.iou_token.weight: not in the file (student.mask_decoder.iou_token.weight"
                + " of the decoder)");
    float[] values = new float[16];
    values[3] = Float.NaN;
    Path broken =
        file("iou_token").floats("mask_decoder.iou_token.weight", "1,16", values).write(path());
    assertThatThrownBy(() -> PublishedDecoder.load(broken, decoder, weights, NDArray::set))
        .hasMessage("Cannot use the weights %s: mask_decoder.iou_token.weight holds NaN", broken);
    Path none = folder.resolve("none");
    assertThatThrownBy(() -> PublishedDecoder.load(none, decoder, weights, NDArray::set))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot read a decoder's weights: " + none);
  }

  /** No shape tells: eight heads of two channels, or two of eight. */
  @Test
  void anotherNumberOfHeadsIsNamed() {
    PromptableDecoder decoder = decoder(Decoders.TINY);
    Path published = tensors("").write(path());
    assertThatThrownBy(() -> PublishedDecoder.load(published, decoder, weights, NDArray::set))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot use the weights %s: they are of another decoder.\n"
                + "  - heads: 8 in the file (SAM's, since its metadata names none: export a run's"
                + " file again with --force), 2 in the decoder (the student's prompt.heads)",
            published);
    Path four = tensors("").metadata("heads", "4").write(path());
    assertThatThrownBy(() -> PublishedDecoder.load(four, decoder, weights, NDArray::set))
        .hasMessageEndingWith(
            "- heads: 4 in the file, 2 in the decoder (the student's prompt.heads)");
    Path none = tensors("").metadata("heads", "few").write(path());
    assertThatThrownBy(() -> PublishedDecoder.load(none, decoder, weights, NDArray::set))
        .hasMessage(
            "Cannot use the weights %s: the metadata's heads is 'few' (must be a number of 1 to"
                + " 999999)",
            none);
  }

  @Test
  void aFileSaysWhatInputItsWeightsWereMadeFor() {
    PromptableDecoder decoder = decoder(Decoders.TINY);
    Map<String, String> said = PublishedDecoder.metadata(decoder);
    assertThat(said)
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("heads", "2", "input_height", "16", "input_width", "24"));
    SafeTensorFile own = tensors("");
    said.forEach(own::metadata);
    assertThat(PublishedDecoder.madeFor(own.write(path()))).contains(new PromptInput(16, 24));
    assertThat(PublishedDecoder.madeFor(tensors("").write(path()))).isEmpty();
    Path half = tensors("").metadata("input_width", "24").write(path());
    assertThatThrownBy(() -> PublishedDecoder.madeFor(half))
        .hasMessageContaining("the metadata's input_height is ''");
  }

  private PromptableDecoder decoder(PromptDecoderConfig config) {
    return PromptableDecoder.create(config, Decoders.OBLONG, Decoders.PREFIX, weights);
  }

  /** Of a whole decoder under SAM's names, but for tensors of one. */
  private SafeTensorFile file(String without) {
    return tensors(without).metadata("heads", "2");
  }

  /** The same without what shapes do not tell. */
  private SafeTensorFile tensors(String without) {
    SafeTensorFile file = new SafeTensorFile();
    for (String name : published.names()) {
      String own = DecoderNames.SAM.published(name.substring(Decoders.PREFIX.length()));
      if (without.isEmpty() || !own.contains(without)) {
        NDArray tensor = published.get(name);
        String sides = Arrays.toString(tensor.getShape().getShape()).replaceAll("[\\[\\] ]", "");
        file.floats(own, sides, tensor.toFloatArray());
      }
    }
    return file;
  }

  private Path path() {
    return folder.resolve("decoder.safetensors");
  }
}
