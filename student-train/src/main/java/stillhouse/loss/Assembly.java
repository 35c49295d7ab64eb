package stillhouse.loss;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Makes what several losses of one objective, or several phases of one recipe, share, once: a loss
 * that a later phase names again goes on with what it has learned.
 */
public final class Assembly {
  private final ObjectiveContext context;
  private final ProjectionSettings projection;
  private final Map<String, Made> made = new HashMap<>();
  private final Map<Class<?>, Shared> shared = new HashMap<>();
  private final Set<String> used = new HashSet<>(); // of what is shared, by the loss being made

  Assembly(ObjectiveContext context, ProjectionSettings projection) {
    this.context = context;
    this.projection = projection;
  }

  /**
   * A loss, and what it learns beside the student.
   *
   * @param learned names of tensors, those that it shares among them
   */
  record Made(LossSettings settings, Loss loss, Set<String> learned) {}

  private record Shared(Object part, Set<String> learned) {}

  /**
   * The loss of that name.
   *
   * @throws IllegalArgumentException where it was made with other settings, and learns: two would
   *     be of one name
   */
  Made loss(String name, LossSettings settings) {
    Made earlier = made.get(name);
    if (earlier != null && Losses.makeTheSame(earlier.settings(), settings)) {
      return earlier;
    }
    if (earlier != null && !earlier.learned().isEmpty()) {
      throw new IllegalArgumentException(
          "Invalid losses.%s: two phases name it with other settings, and it learns %s (give it the same settings in both, but for the weight)"
              .formatted(name, earlier.learned()));
    }
    Made now = make(settings);
    made.put(name, now);
    return now;
  }

  private Made make(LossSettings settings) {
    Set<String> before = tensors();
    used.clear();
    Loss loss = settings.create(this);
    Set<String> learned = tensors();
    learned.removeAll(before);
    learned.addAll(used);
    return new Made(settings, loss, Set.copyOf(learned));
  }

  /** Names of what is learned now, a copy. */
  private Set<String> tensors() {
    return new HashSet<>(context.weights().trainable().keySet());
  }

  ObjectiveContext context() {
    return context;
  }

  /** The space that feature consistency and denoising score compare in. */
  Representation representation() {
    return shared(Representation.class, () -> Representation.create(context, projection));
  }

  /** What brings the student's embedding beside the teacher's for losses that read it as it is. */
  EmbeddingAdapter adapter() {
    return shared(EmbeddingAdapter.class, () -> EmbeddingAdapter.create(context, "embedding"));
  }

  private <T> T shared(Class<T> kind, Supplier<T> maker) {
    Shared there = shared.get(kind);
    if (there == null) {
      Set<String> before = tensors();
      T part = maker.get();
      Set<String> learned = tensors();
      learned.removeAll(before);
      there = new Shared(part, learned);
      shared.put(kind, there);
    }
    used.addAll(there.learned());
    return kind.cast(there.part());
  }
}
