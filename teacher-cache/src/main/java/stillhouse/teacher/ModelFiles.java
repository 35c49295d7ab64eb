package stillhouse.teacher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The files of a teacher.
 *
 * @param original what the others are converted from; null where they are used as they come
 * @param decoder null for a network that takes no prompts
 * @param decoderWeights the decoder's tensors as a safetensors file, which a student's decoder can
 *     start from; no part of the teacher's identity, null where there is none
 * @param proposals what proposes boxes from the embedding; null where nothing does
 */
public record ModelFiles(
    ModelFile original,
    ModelFile encoder,
    ModelFile decoder,
    @JsonProperty("decoder-weights") ModelFile decoderWeights,
    ModelFile proposals)
    implements Serializable {
  public ModelFiles {
    boolean converted =
        Stream.of(encoder, decoder, decoderWeights, proposals)
            .anyMatch(file -> file != null && file.isConverted());
    if (converted && (original == null || original.isConverted())) {
      throw new IllegalArgumentException(
          "files.original must name the package or file that convert: starts from, but is "
              + (original == null ? "missing" : original.source()));
    }
    if (!converted && original != null) {
      throw new IllegalArgumentException(
          "files.original is given, but neither encoder nor decoder has a source convert:…");
    }
  }

  /** Those that the teacher is opened from. */
  List<ModelFile> all() {
    return Stream.of(encoder, decoder, proposals).filter(Objects::nonNull).toList();
  }

  /** Those that are fetched: what the teacher is opened from, and what else is of use. */
  List<ModelFile> fetched() {
    return Stream.of(encoder, decoder, decoderWeights, proposals).filter(Objects::nonNull).toList();
  }

  ModelFiles withoutProposals() {
    return new ModelFiles(original, encoder, decoder, decoderWeights, null);
  }

  boolean arePinned() {
    return fetched().stream().allMatch(ModelFile::isPinned);
  }

  ModelFiles relativeTo(Path folder) {
    return new ModelFiles(
        original == null ? null : original.relativeTo(folder),
        encoder.relativeTo(folder),
        decoder == null ? null : decoder.relativeTo(folder),
        decoderWeights == null ? null : decoderWeights.relativeTo(folder),
        proposals == null ? null : proposals.relativeTo(folder));
  }
}
