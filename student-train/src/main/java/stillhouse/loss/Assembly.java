package stillhouse.loss;

/** Makes what several losses of one objective share, once. */
public final class Assembly {
  private final ObjectiveContext context;
  private final ProjectionSettings projection;
  private Representation representation;

  Assembly(ObjectiveContext context, ProjectionSettings projection) {
    this.context = context;
    this.projection = projection;
  }

  ObjectiveContext context() {
    return context;
  }

  /** The space that feature consistency and denoising score compare in. */
  Representation representation() {
    if (representation == null) {
      representation = Representation.create(context, projection);
    }
    return representation;
  }
}
