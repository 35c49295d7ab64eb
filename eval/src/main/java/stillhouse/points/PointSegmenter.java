package stillhouse.points;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import stillhouse.data.RgbImage;
import stillhouse.predict.BrokenNetworkException;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSource;
import stillhouse.predict.Segmenter;
import stillhouse.teacher.MaskAnswer;
import stillhouse.tensor.FloatTensor;

/**
 * A student of points that asks itself, out of its two files: the network gives logits and
 * embedding, {@link ProposedPoints} are asked of the decoder, {@link MergedMasks} are the answer.
 * What the one file of both says, this says.
 */
public final class PointSegmenter implements Segmenter {
  private final String name;
  private final OnnxSegmenter student;
  private final PointDecoder decoder;
  private final PointSettings settings;

  private PointSegmenter(
      String name, OnnxSegmenter student, PointDecoder decoder, PointSettings settings) {
    this.name = name;
    this.student = student;
    this.decoder = decoder;
    this.settings = settings;
  }

  /**
   * @param student with outputs {@code logits} and {@code embedding}
   * @param decoder of dense points, as export writes it
   * @param threads inside a call
   * @throws IllegalArgumentException where one of them can't be run
   */
  public static PointSegmenter open(
      Path student, Path decoder, PointSettings settings, int threads) {
    OnnxSegmenter network = OnnxSource.of(student, threads).open();
    try {
      byte[] model = Files.readAllBytes(decoder);
      return new PointSegmenter(
          student.toString(),
          network,
          new PointDecoder(model, decoder.toString(), threads),
          settings);
    } catch (IOException e) {
      network.close();
      throw new UncheckedIOException("Cannot read model " + decoder, e);
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  @Override
  public List<String> classNames() {
    return student.classNames();
  }

  /** Logits of the size of the head's, [C, H, W]; {@link MergedMasks#NOTHING} where none is. */
  @Override
  public FloatTensor logits(RgbImage image) {
    OnnxSegmenter.Answer said = student.answer(image);
    FloatTensor logits = said.logits();
    BrokenNetworkException.check(name, logits);
    FloatTensor embedding =
        said.embedding()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "Cannot ask %s by points: it has no output 'embedding'".formatted(name)));
    ProposedPoints points = ProposedPoints.of(logits, embedding.dim(1), embedding.dim(2), settings);
    List<MaskAnswer> answers = points.count() == 0 ? List.of() : decoder.ask(embedding, points);
    return MergedMasks.of(answers, logits, settings);
  }

  @Override
  public void close() {
    student.close();
    decoder.close();
  }
}
