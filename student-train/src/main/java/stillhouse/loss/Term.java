package stillhouse.loss;

/**
 * One summand of an objective.
 *
 * @param name the loss's name in the recipe, under which its value is logged
 * @param weight its factor, > 0
 */
public record Term(String name, double weight, Loss loss) {}
