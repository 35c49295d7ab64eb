package stillhouse.loss;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import stillhouse.train.Recipe;

/**
 * What a recipe trains for: L = Σ weight · loss.
 *
 * @param terms in the recipe's order
 * @param needs the columns of {@link Targets} that some term reads
 */
public record Objective(List<Term> terms, Set<Need> needs) {
  /**
   * Makes the recipe's losses, and in {@code context.weights()} whatever they learn.
   *
   * @throws IllegalArgumentException where the context does not have what the recipe asks for
   */
  public static Objective create(Recipe recipe, ObjectiveContext context) {
    if (context.grid() != recipe.alignment().grid()) {
      throw new IllegalArgumentException(
          "Invalid grid: the training view has "
              + context.grid()
              + ", the recipe's alignment.grid is "
              + recipe.alignment().grid()
              + ". Derive the view for this recipe.");
    }
    var assembly = new Assembly(context, recipe.projection());
    List<Term> terms = new ArrayList<>();
    recipe
        .losses()
        .byName()
        .forEach((name, s) -> terms.add(new Term(name, s.weight(), s.create(assembly))));
    return new Objective(List.copyOf(terms), needs(recipe));
  }

  /** The columns that the recipe's losses read; known before anything is made. */
  public static Set<Need> needs(Recipe recipe) {
    Set<Need> needs = EnumSet.noneOf(Need.class);
    recipe.losses().byName().values().forEach(s -> needs.addAll(s.needs()));
    return needs;
  }
}
