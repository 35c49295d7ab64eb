package stillhouse.prompts;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import stillhouse.data.ClassMask;
import stillhouse.data.Components;
import stillhouse.data.Components.Component;

/**
 * The objects of an image's labels: connected components of a class (8-connectivity), the largest
 * first, of equal ones that whose first pixel comes first.
 */
final class PromptedObjects {
  private static final Comparator<Component> LARGEST_FIRST =
      Comparator.comparingInt(Component::area).reversed();

  private final ClassMask labels;
  private final Components.Runs runs;
  private final int[] objects; // by place in runs.components()

  /**
   * @param minArea objects of fewer pixels are none
   */
  PromptedObjects(ClassMask labels, int minArea) {
    this.labels = labels;
    this.runs = Components.runs(labels);
    List<Component> all = runs.components();
    this.objects =
        IntStream.range(0, all.size())
            .filter(i -> all.get(i).area() >= minArea)
            .boxed()
            .sorted(Comparator.comparing(all::get, LARGEST_FIRST))
            .mapToInt(Integer::intValue)
            .toArray();
  }

  int count() {
    return objects.length;
  }

  Component component(int object) {
    return runs.components().get(objects[object]);
  }

  /** 1 where the object is; 255 where the labels are ignored; 0 elsewhere, on other objects too. */
  ClassMask truth(int object) {
    byte[] all = labels.classes();
    byte[] own = new byte[all.length];
    for (int i = 0; i < all.length; i++) {
      own[i] = all[i] == (byte) ClassMask.IGNORE ? all[i] : 0;
    }
    for (int run = 0; run < runs.count(); run++) {
      if (runs.component(run) == objects[object]) {
        Arrays.fill(own, runs.start(run), runs.end(run), (byte) 1);
      }
    }
    return new ClassMask(labels.width(), labels.height(), own);
  }
}
