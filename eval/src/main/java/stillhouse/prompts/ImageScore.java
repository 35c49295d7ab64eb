package stillhouse.prompts;

import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import stillhouse.data.ClassMask;
import stillhouse.data.Components.Component;
import stillhouse.data.Tile;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.MeanCounts;
import stillhouse.teacher.Teacher;

/**
 * What the questions about one image's objects came to.
 *
 * @param counts of {@link MeanCounts}, by {@link PromptProtocol#slot}
 * @param objects that were asked about
 * @param filledBoxes the sum of what their boxes, filled, have of IoU with them
 * @param leftOut objects beyond the {@value #MOST_OBJECTS} largest
 * @param nanos of each call of the decoder
 */
record ImageScore(ImageCounts counts, int objects, double filledBoxes, int leftOut, long[] nanos) {
  private static final int MOST_OBJECTS = 64; // of an image, as prompt plans have it

  /**
   * @param counted of a tile its own pixels: an object whose middle lies elsewhere is asked about
   *     there. Empty for a whole image
   */
  static ImageScore of(
      PromptProtocol protocol, Teacher.Asking image, ClassMask labels, Optional<Tile> counted) {
    Rounds rounds = new Rounds(protocol);
    MeanCounts means = new MeanCounts(protocol.slots());
    PromptedObjects objects = new PromptedObjects(labels, protocol.minArea());
    ClickSimulator middles = new ClickSimulator();
    LongStream.Builder nanos = LongStream.builder();
    double filled = 0;
    int asked = 0;
    int leftOut = 0;
    for (int i = 0; i < objects.count(); i++) {
      ClassMask truth = objects.truth(i);
      if (counted.isPresent() && !isIn(counted.get(), middles.first(truth).orElseThrow())) {
        continue;
      }
      if (asked == MOST_OBJECTS) {
        leftOut++;
        continue;
      }
      asked++;
      Component component = objects.component(i);
      add(rounds.of(image, component, truth), means, nanos);
      filled += filledBox(component, truth);
    }
    return new ImageScore(means.counts(), asked, filled, leftOut, nanos.build().toArray());
  }

  private static void add(List<Rounds.Answer> answers, MeanCounts means, LongStream.Builder nanos) {
    for (int question = 0; question < answers.size(); question++) {
      Rounds.Answer answer = answers.get(question);
      for (PromptProtocol.Measure measure : PromptProtocol.Measure.values()) {
        means.add(PromptProtocol.slot(question, measure), answer.value(measure));
      }
      if (answer.nanos() > 0) {
        nanos.add(answer.nanos());
      }
    }
  }

  /** IoU of an object with its box, over the pixels that count. */
  private static double filledBox(Component box, ClassMask truth) {
    int area = 0;
    for (int y = box.y0(); y < box.y1(); y++) {
      for (int x = box.x0(); x < box.x1(); x++) {
        area += truth.at(x, y) == ClassMask.IGNORE ? 0 : 1;
      }
    }
    return (double) box.area() / area;
  }

  private static boolean isIn(Tile part, Click middle) {
    return middle.x() >= part.x()
        && middle.x() < part.x() + part.width()
        && middle.y() >= part.y()
        && middle.y() < part.y() + part.height();
  }
}
