package stillhouse.loss;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stillhouse.train.Phase;
import stillhouse.train.Recipe;

/**
 * What a phase of a recipe trains for: L = Σ weight · loss.
 *
 * @param terms in the recipe's order; of a phase that has a name each is called after it, as {@code
 *     PHASE.LOSS}
 * @param learned names of the tensors that the losses learn beside the student
 */
public record Objective(List<Term> terms, Set<String> learned) {
  /**
   * Makes the recipe's losses, and in {@code context.weights()} whatever they learn.
   *
   * @return one a phase
   * @throws IllegalArgumentException where the context does not have what the recipe asks for
   */
  public static List<Objective> phases(Recipe recipe, ObjectiveContext context) {
    if (context.grid() != recipe.alignment().grid()) {
      throw new IllegalArgumentException(
          "Invalid grid: the training view has "
              + context.grid()
              + ", the recipe's alignment.grid is "
              + recipe.alignment().grid()
              + ". Derive the view for this recipe.");
    }
    var assembly = new Assembly(context, recipe.projection());
    return recipe.phases().stream().map(phase -> of(phase, assembly)).toList();
  }

  private static Objective of(Phase phase, Assembly assembly) {
    String prefix = phase.name().isEmpty() ? "" : phase.name() + ".";
    List<Term> terms = new ArrayList<>();
    Set<String> learned = new HashSet<>();
    for (Map.Entry<String, LossSettings> loss : phase.losses().byName().entrySet()) {
      Assembly.Made made = assembly.loss(loss.getKey(), loss.getValue());
      terms.add(new Term(prefix + loss.getKey(), loss.getValue().weight(), made.loss()));
      learned.addAll(made.learned());
    }
    return new Objective(List.copyOf(terms), Set.copyOf(learned));
  }

  /**
   * The columns of {@link Targets} that the recipe's losses read; known before anything is made.
   */
  public static Set<Need> needs(Recipe recipe) {
    Set<Need> needs = EnumSet.noneOf(Need.class);
    for (Phase phase : recipe.phases()) {
      phase.losses().byName().values().forEach(s -> needs.addAll(s.needs()));
    }
    return needs;
  }
}
