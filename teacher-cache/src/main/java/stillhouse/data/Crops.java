package stillhouse.data;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * Square crops of training frames around labelled defects, beside the frame or its tiles. Which
 * defects and where exactly follows from a hash of the frame's content: the same at every ingest.
 *
 * @param size of a side in pixels, or the frame's where that is less
 * @param perDefect crops around each chosen component of the mask
 * @param perClass of each class at most this many components of a frame are chosen, so that a
 *     frequent one does not crowd out the others
 * @param background crops a frame without a labelled pixel, where such can be found
 */
public record Crops(int size, int perDefect, int perClass, int background) implements Serializable {
  /** No crops. */
  public static final Crops NONE = new Crops(1, 0, 0, 0);

  private static final int TRIES = 32;

  /** In the order of the classes, each once. */
  Set<Tile> of(ClassMask mask, Sha256 content) {
    Set<Tile> crops = new LinkedHashSet<>();
    if (Math.max(mask.width(), mask.height()) <= size) {
      return crops; // it would be the frame
    }
    for (List<Components.Component> ofClass : byClass(mask).values()) {
      chosen(ofClass, content).forEach(defect -> around(defect, mask, content, crops));
    }
    for (int i = 0; i < background; i++) {
      beside(mask, content, i, crops);
    }
    return crops;
  }

  private Map<Integer, List<Components.Component>> byClass(ClassMask mask) {
    return perDefect == 0
        ? Map.of()
        : Components.of(mask).stream()
            .collect(
                Collectors.groupingBy(
                    Components.Component::classId, TreeMap::new, Collectors.toList()));
  }

  private List<Components.Component> chosen(List<Components.Component> ofClass, Sha256 content) {
    return ofClass.stream()
        .map(c -> new Drawn(draw(content, "defect").add("at", at(c)).digest().hex(), c))
        .sorted(Comparator.comparing(Drawn::lot))
        .limit(perClass)
        .map(Drawn::defect)
        .toList();
  }

  private record Drawn(String lot, Components.Component defect) {}

  private static String at(Components.Component c) {
    return c.classId() + " " + c.x0() + "," + c.y0() + "," + c.x1() + "," + c.y1();
  }

  private static Fingerprint draw(Sha256 content, String purpose) {
    return Fingerprint.of("crop").add("content", content).add("purpose", purpose);
  }

  /** Holds the component whole where it fits, else lies inside its box. */
  private void around(
      Components.Component defect, ClassMask mask, Sha256 content, Set<Tile> crops) {
    for (int i = 0; i < perDefect; i++) {
      String which = at(defect) + " " + i;
      int width = Math.min(size, mask.width());
      int height = Math.min(size, mask.height());
      double u = draw(content, "x").add("of", which).digest().unit();
      double v = draw(content, "y").add("of", which).digest().unit();
      int x = between(defect.x0(), defect.x1() - width, mask.width() - width, u);
      int y = between(defect.y0(), defect.y1() - height, mask.height() - height, v);
      crops.add(new Tile(x, y, width, height));
    }
  }

  private static int between(int one, int other, int most, double share) {
    int low = Math.max(0, Math.min(most, Math.min(one, other)));
    int high = Math.max(0, Math.min(most, Math.max(one, other)));
    return low + (int) (share * (high - low + 1));
  }

  private void beside(ClassMask mask, Sha256 content, int which, Set<Tile> crops) {
    int width = Math.min(size, mask.width());
    int height = Math.min(size, mask.height());
    for (int attempt = 0; attempt < TRIES; attempt++) {
      String of = which + " " + attempt;
      double u = draw(content, "background x").add("of", of).digest().unit();
      double v = draw(content, "background y").add("of", of).digest().unit();
      int x = between(0, mask.width() - width, mask.width() - width, u);
      int y = between(0, mask.height() - height, mask.height() - height, v);
      Tile crop = new Tile(x, y, width, height);
      if (isBackground(mask, crop)) {
        crops.add(crop);
        return;
      }
    }
  }

  private static boolean isBackground(ClassMask mask, Tile crop) {
    for (int y = crop.y(); y < crop.y() + crop.height(); y++) {
      for (int x = crop.x(); x < crop.x() + crop.width(); x++) {
        int label = mask.at(x, y);
        if (label != 0 && label != ClassMask.IGNORE) {
          return false;
        }
      }
    }
    return true;
  }

  /** The parts of a frame that there are already, and the crops that are none of them. */
  List<FramePart> beside(List<FramePart> parts, ClassMask mask, Sha256 content) {
    Set<Tile> crops = of(mask, content);
    parts.forEach(part -> part.tile().ifPresent(crops::remove));
    List<FramePart> all = new ArrayList<>(parts);
    crops.forEach(crop -> all.add(FramePart.crop(crop)));
    return all;
  }
}
