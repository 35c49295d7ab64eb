package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import stillhouse.decoder.DrawnObjects.Drawn;

/**
 * What is asked about P drawn objects: at first a box or a point each, then also the points that
 * each round adds. A point prompt has SAM's padding point behind its first.
 */
public final class Questions {
  private static final float BACKGROUND = 0;
  private static final float FOREGROUND = 1;
  private static final float TOP_LEFT = 2;
  private static final float BOTTOM_RIGHT = 3;
  private static final int FIRST = 2; // two corners, or a point and padding

  private final DrawnObjects objects;
  private final int count;
  private float[][] at; // by column: x and y of each object
  private float[][] labels; // by column

  /**
   * @param share of the objects that are asked about by a point, 0…1; the others by their box
   * @param kinds even values in [0, 1), one an object: by which
   * @param places even values in [0, 1), one an object: which of its pixels
   */
  public Questions(DrawnObjects objects, double share, float[] kinds, float[] places) {
    this.objects = objects;
    this.count = objects.count();
    at = new float[FIRST][2 * objects.count()];
    labels = new float[FIRST][objects.count()];
    for (int p = 0; p < count; p++) {
      if (kinds[p] < share) {
        askPoint(p, objects.all().get(p).pixel(places[p]));
      } else {
        askBox(p, objects.all().get(p));
      }
    }
  }

  private void askPoint(int p, int pixel) {
    put(0, p, pixel % objects.width() + 0.5f, pixel / objects.width() + 0.5f, FOREGROUND);
    put(1, p, 0, 0, PromptKinds.PADDING);
  }

  private void askBox(int p, Drawn object) {
    put(0, p, object.component().x0(), object.component().y0(), TOP_LEFT);
    put(1, p, object.component().x1(), object.component().y1(), BOTTOM_RIGHT);
  }

  private void put(int column, int p, float x, float y, float label) {
    at[column][2 * p] = x;
    at[column][2 * p + 1] = y;
    labels[column][p] = label;
  }

  /**
   * Whether each object is asked about by one point or its box and nothing else, for which a
   * decoder's alternatives are: SAM's own distinction, by which a file of its format is asked.
   */
  public boolean areSingle() {
    return at.length == FIRST;
  }

  /**
   * Adds a point each where two masks disagree, one of the cells in which they do: foreground where
   * the target alone is set, background where the answer alone is. None where they agree.
   *
   * @param answers [P, h, w], set where positive; its cells that do not count are overwritten
   * @param targets [P, h, w], set above ½
   * @param counted [P, h, w], of which a cell of 0 is asked about never; empty where all count
   * @param places even values in [0, 1), one an object: which of its cells
   */
  public void add(
      float[] answers, float[] targets, float[] counted, int height, int width, float[] places) {
    leaveOut(answers, targets, counted);
    int column = at.length;
    at = Arrays.copyOf(at, column + 1);
    at[column] = new float[2 * count];
    labels = Arrays.copyOf(labels, column + 1);
    labels[column] = new float[count];
    for (int p = 0; p < count; p++) {
      int cell = disagreement(answers, targets, p * height * width, height * width, places[p]);
      if (cell < 0) {
        put(column, p, 0, 0, PromptKinds.PADDING);
      } else {
        put(
            column,
            p,
            (cell % width + 0.5f) * objects.width() / width,
            (cell / width + 0.5f) * objects.height() / height,
            targets[p * height * width + cell] > 0.5f ? FOREGROUND : BACKGROUND);
      }
    }
  }

  /** Lets an answer agree where nothing counts. */
  private static void leaveOut(float[] answers, float[] targets, float[] counted) {
    for (int i = 0; i < counted.length; i++) {
      if (counted[i] == 0) {
        answers[i] = targets[i] > 0.5f ? 1 : -1;
      }
    }
  }

  /** A cell in which the two disagree; −1 where there is none. */
  private static int disagreement(
      float[] answers, float[] targets, int from, int cells, float place) {
    int count = 0;
    for (int i = from; i < from + cells; i++) {
      count += (answers[i] > 0) == (targets[i] > 0.5f) ? 0 : 1;
    }
    int left = (int) (place * count);
    for (int i = from; i < from + cells && count > 0; i++) {
      if ((answers[i] > 0) != (targets[i] > 0.5f) && left-- == 0) {
        return i - from;
      }
    }
    return -1;
  }

  /** Points and corners in pixels of the sample, [P, N, 2]. */
  public NDArray points(NDManager manager) {
    float[] all = new float[2 * count * at.length];
    for (int p = 0; p < count; p++) {
      for (int column = 0; column < at.length; column++) {
        System.arraycopy(at[column], 2 * p, all, 2 * (p * at.length + column), 2);
      }
    }
    return manager.create(all, new Shape(count, at.length, 2));
  }

  /** What each is, as SAM counts: 1, 0, 2, 3, −1 padding; [P, N]. */
  public NDArray labels(NDManager manager) {
    float[] all = new float[count * labels.length];
    for (int p = 0; p < count; p++) {
      for (int column = 0; column < labels.length; column++) {
        all[p * labels.length + column] = labels[column][p];
      }
    }
    return manager.create(all, new Shape(count, labels.length));
  }
}
