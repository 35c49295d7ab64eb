package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import stillhouse.student.Fixtures;
import stillhouse.student.PromptSettings;
import stillhouse.student.Weights;

class PromptableDecoderTest {
  private NDManager manager;
  private Weights weights;

  @BeforeEach
  void open() {
    manager = Decoders.manager();
    weights = new Weights(manager, 3);
  }

  @AfterEach
  void close() {
    weights.close();
    manager.close();
  }

  @Test
  void ofSamsSizeItHasSamsParameters() {
    PromptableDecoder.create(
        PromptDecoderConfig.sam(), new PromptGrid(64, 64, 16), "student.", weights);
    assertThat(weights.parameterCount("student.")).isEqualTo(4_064_560);
    assertThat(weights.parameterCount("student.prompt_encoder.")).isEqualTo(6_220);
    String decoder = "student.mask_decoder.";
    assertThat(weights.parameterCount(decoder)).isEqualTo(4_058_340);
    assertThat(weights.parameterCount(decoder + "transformer.")).isEqualTo(3_291_264);
    assertThat(weights.parameterCount(decoder + "iou_token.")).isEqualTo(256);
    assertThat(weights.parameterCount(decoder + "mask_tokens.")).isEqualTo(1_024);
    assertThat(weights.parameterCount(decoder + "output_upscaling.")).isEqualTo(73_952);
    assertThat(weights.parameterCount(decoder + "output_hypernetworks_mlps.")).isEqualTo(559_232);
    assertThat(weights.parameterCount(decoder + "iou_prediction_head.")).isEqualTo(132_612);
    assertThat(weights.buffers())
        .containsOnlyKeys("student.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix");
  }

  @Test
  void ofDensePointsAndOneDoublingItHasFewer() {
    PromptableDecoder.create(
        PromptDecoderConfig.sam().with(PromptKinds.DENSE_POINTS).with(Upsampling.TWOFOLD),
        new PromptGrid(64, 64, 16),
        "student.",
        weights);
    assertThat(weights.parameterCount("student.prompt_encoder.")).isEqualTo(4 * 256);
    assertThat(weights.parameterCount("student.mask_decoder.output_upscaling."))
        .isEqualTo(256 * 32 * 4 + 32);
    assertThat(weights.parameterCount("student.")).isEqualTo(4_018_212);
  }

  /** So that a token and a cell attend to each other the more the nearer they lie. */
  @Test
  void queriesAndKeysBetweenTokensAndCellsStartAlike() {
    PromptableDecoder.create(Decoders.TINY, Decoders.OBLONG, "student.", weights);
    String block = "student.mask_decoder.transformer.layers.0.";
    for (String alike : List.of("cross_attn_token_to_image.", "cross_attn_image_to_token.")) {
      assertThat(weights.get(block + alike + "k_proj.weight"))
          .isEqualTo(weights.get(block + alike + "q_proj.weight"));
    }
    assertThat(weights.get(block + "self_attn.k_proj.weight"))
        .isNotEqualTo(weights.get(block + "self_attn.q_proj.weight"));
  }

  @Test
  void lowerFrequenciesTellPlacesMoreSmoothly() {
    String matrix = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";
    var settings = new PromptSettings(1, 2, 8, 2, false, 0.5, PromptSettings.Start.FRESH, null);
    PromptableDecoder.create(
        PromptDecoderConfig.of(settings, 16), Decoders.OBLONG, "student.", weights);
    try (Weights sams = new Weights(manager, 3)) {
      PromptableDecoder.create(Decoders.TINY, Decoders.OBLONG, "student.", sams);
      float[] half = weights.get("student." + matrix).toFloatArray();
      float[] whole = sams.get("student." + matrix).toFloatArray();
      for (int i = 0; i < half.length; i++) {
        assertThat(half[i]).isCloseTo(whole[i] / 2, within(1e-6f));
      }
    }
  }

  @Test
  void gradientsAreThoseOfDifferences() {
    PromptableDecoder decoder = tiny(Decoders.TINY);
    NDArray image = image(3);
    NDArray mask = Decoders.noise(manager, "mask", 3, 3, 1, 8, 12);
    image.setRequiresGradient(true);
    mask.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      collector.backward(loss(decoder, image, mask));
    }
    assertSlope("embeddings", image, decoder, image, mask);
    assertSlope("mask", mask, decoder, image, mask);
    weights.trainable().forEach((name, tensor) -> assertSlope(name, tensor, decoder, image, mask));
  }

  /** A step along the gradient's signs changes the loss by the sum of its absolute values. */
  private void assertSlope(
      String name, NDArray tensor, PromptableDecoder decoder, NDArray image, NDArray mask) {
    float[] gradient = tensor.getGradient().toFloatArray();
    float[] values = tensor.toFloatArray();
    double slope = 0;
    for (float g : gradient) {
      slope += Math.abs(g);
    }
    // A key's bias adds the same to all scores of a query, which the softmax takes away.
    assertThat(slope > 1e-3).as("%s has a gradient", name).isEqualTo(!name.endsWith("k_proj.bias"));
    float step = (float) (0.002 / Math.sqrt(values.length));
    double ahead = moved(tensor, values, gradient, step, decoder, image, mask);
    double behind = moved(tensor, values, gradient, -step, decoder, image, mask);
    tensor.set(values);
    assertThat((ahead - behind) / (2 * step))
        .as(name)
        .isCloseTo(slope, within(0.02 * slope + 0.02 * Math.sqrt(values.length)));
  }

  private double moved(
      NDArray tensor,
      float[] values,
      float[] gradient,
      float step,
      PromptableDecoder decoder,
      NDArray image,
      NDArray mask) {
    float[] there = values.clone();
    for (int i = 0; i < there.length; i++) {
      there[i] += step * Math.signum(gradient[i]);
    }
    tensor.set(there);
    return loss(decoder, image, mask).getFloat();
  }

  /** Of every label, with and without an earlier mask. */
  private NDArray loss(PromptableDecoder decoder, NDArray image, NDArray mask) {
    NDArray points =
        Decoders.points(
            manager,
            Decoders.OBLONG,
            3,
            0.1,
            0.3,
            0.6,
            0.2,
            0,
            0,
            0.2,
            0.2,
            0.9,
            0.8,
            0,
            0,
            0.5,
            0.5,
            0.1,
            0.1,
            0.8,
            0.9);
    NDArray labels = Decoders.labels(manager, 3, 1, 0, -1, 2, 3, -1, 1, 2, 3);
    NDArray plain = weighed(decoder.forward(image, points, labels, true));
    return plain.add(weighed(decoder.forward(image, points, labels, mask, true)));
  }

  private NDArray weighed(PromptedMasks answer) {
    NDArray masks = answer.masks();
    NDArray ious = answer.ious();
    NDArray byCell = Decoders.noise(manager, "cells", 1, masks.getShape().getShape());
    NDArray byMask = Decoders.noise(manager, "masks", 1, ious.getShape().getShape());
    return masks.mul(byCell).sum().add(ious.mul(byMask).sum());
  }

  @Test
  void onceFrozenOnlyWhatItIsAskedAboutHasGradients() {
    PromptableDecoder decoder = tiny(Decoders.TINY);
    NDArray image = image(3);
    NDArray mask = Decoders.noise(manager, "mask", 3, 3, 1, 8, 12);
    image.setRequiresGradient(true);
    float before = loss(decoder, image, mask).getFloat();
    weights.train(name -> false);
    assertThat(loss(decoder, image, mask).getFloat()).isCloseTo(before, within(1e-4f));
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      collector.backward(loss(decoder, image, mask));
    }
    assertThat(image.getGradient().abs().sum().getFloat()).isGreaterThan(0.1f);
    assertThat(weights.names()).noneMatch(name -> weights.get(name).hasGradient());
  }

  @ParameterizedTest
  @EnumSource(Upsampling.class)
  void masksAreAsFineAsItsUpsampling(Upsampling upsampling) {
    PromptableDecoder decoder = tiny(Decoders.TINY.with(upsampling));
    PromptedMasks answer = point(decoder, image(1));
    int factor = upsampling.factor();
    assertThat(answer.masks().getShape().getShape()).containsExactly(1, 3, 2 * factor, 3 * factor);
    assertThat(answer.ious().getShape().getShape()).containsExactly(1, 3);
    assertThat(answer.single().masks().getShape().get(1)).isEqualTo(1);
    assertThat(answer.alternatives().ious().toFloatArray())
        .containsExactly(answer.ious().toFloatArray()[1], answer.ious().toFloatArray()[2]);
    PromptedMasks again =
        decoder.forward(
            image(1),
            Decoders.points(manager, Decoders.OBLONG, 1, 0.4, 0.6),
            Decoders.labels(manager, 1, 1),
            answer.single().masks(),
            false);
    assertThat(again.masks().getShape()).isEqualTo(answer.masks().getShape());
  }

  @Test
  void oneImageForAllPromptsIsTheImageOfEach() {
    PromptableDecoder decoder = tiny(Decoders.TINY);
    NDArray image = image(1);
    NDArray points = Decoders.points(manager, Decoders.OBLONG, 2, 0.1, 0.2, 0.7, 0.8);
    NDArray labels = Decoders.labels(manager, 2, 1, 0);
    PromptedMasks shared = decoder.forward(image, points, labels, false);
    PromptedMasks each = decoder.forward(image.repeat(0, 2), points, labels, false);
    assertClose(shared.masks(), each.masks().toFloatArray());
    assertClose(shared.ious(), each.ious().toFloatArray());
  }

  @Test
  void paddingStandsAnywhere() {
    PromptableDecoder decoder = tiny(Decoders.TINY);
    PromptedMasks first =
        decoder.forward(
            image(1),
            Decoders.points(manager, Decoders.OBLONG, 1, 0.3, 0.3, 0, 0),
            Decoders.labels(manager, 1, 1, -1),
            false);
    PromptedMasks last =
        decoder.forward(
            image(1),
            Decoders.points(manager, Decoders.OBLONG, 1, 0.9, 0.1, 0.3, 0.3),
            Decoders.labels(manager, 1, -1, 1),
            false);
    assertClose(first.masks(), last.masks().toFloatArray());
  }

  @Test
  void aLabelWithoutMeaningIsRefused() {
    PromptableDecoder dense = tiny(Decoders.TINY.with(PromptKinds.DENSE_POINTS));
    NDArray corners = Decoders.points(manager, Decoders.OBLONG, 1, 0.1, 0.1, 0.9, 0.9);
    NDArray labels = Decoders.labels(manager, 1, 2, 3);
    assertThatThrownBy(() -> dense.forward(image(1), corners, labels, false))
        .hasMessage(
            "Invalid label of a point: 2.0 (a decoder of DENSE_POINTS knows [0, 1], and -1 for"
                + " padding)");
    assertThatThrownBy(
            () ->
                dense.forward(
                    image(1),
                    corners,
                    Decoders.labels(manager, 1, 1, 0),
                    manager.zeros(new ai.djl.ndarray.types.Shape(1, 1, 8, 12)),
                    false))
        .hasMessage(
            "Invalid earlier mask (1, 1, 8, 12): a decoder of DENSE_POINTS has no way in for one");
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    PromptableDecoder decoder = tiny(Decoders.TINY);
    NDArray points = Decoders.points(manager, Decoders.OBLONG, 2, 0.1, 0.1, 0.9, 0.9);
    NDArray labels = Decoders.labels(manager, 2, 1, 1);
    assertThatThrownBy(() -> decoder.forward(image(3), points, labels, false))
        .hasMessage(
            "Invalid prompts: embeddings (3, 16, 2, 3), points (2, 1, 2), labels (2, 1) (must be [P"
                + " or 1, 16, 2, 3], [P, N, 2], [P, N])");
    NDArray mask = Decoders.noise(manager, "mask", 1, 2, 1, 4, 4);
    assertThatThrownBy(() -> decoder.forward(image(1), points, labels, mask, false))
        .hasMessage("Invalid earlier mask (2, 1, 4, 4) (must be [2, 1, 8, 12])");
    assertThatThrownBy(
            () ->
                new PromptDecoderConfig(
                    20, 2, 2, 8, 2, 4, 4, 3, Upsampling.FOURFOLD, PromptKinds.ALL))
        .hasMessage("Invalid prompt decoder: channels 20 (must be a multiple of 8)");
    assertThatThrownBy(() -> new PromptGrid(0, 4, 16))
        .hasMessage("Invalid embedding grid: 0×4 at stride 16 (all must be at least 1)");
  }

  private PromptableDecoder tiny(PromptDecoderConfig config) {
    PromptableDecoder decoder =
        PromptableDecoder.create(config, Decoders.OBLONG, Decoders.PREFIX, weights);
    Fixtures.disturb(weights);
    spread();
    return decoder;
  }

  /** Linear layers start small: a decoder of this width would hardly hear its prompt. */
  private void spread() {
    for (String name : weights.names()) {
      NDArray tensor = weights.get(name);
      boolean linear = List.of("proj", "lin", "layers").stream().anyMatch(name::contains);
      if (linear && tensor.getShape().dimension() == 2) {
        tensor.set(Decoders.values(name.replace("embed", ""), tensor.getShape().getShape()));
      }
    }
  }

  private NDArray image(int images) {
    return Decoders.noise(manager, "image", 1, images, 16, 2, 3);
  }

  private PromptedMasks point(PromptableDecoder decoder, NDArray image) {
    return decoder.forward(
        image,
        Decoders.points(manager, Decoders.OBLONG, 1, 0.4, 0.6),
        Decoders.labels(manager, 1, 1),
        false);
  }

  private static void assertClose(NDArray actual, float[] expected) {
    float[] values = actual.toFloatArray();
    assertThat(values).hasSameSizeAs(expected);
    for (int i = 0; i < values.length; i++) {
      assertThat(values[i]).isCloseTo(expected[i], within(2e-5f));
    }
  }
}
