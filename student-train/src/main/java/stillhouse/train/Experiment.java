package stillhouse.train;

import java.io.Serializable;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import stillhouse.cache.Projection;
import stillhouse.cache.TrainingView;
import stillhouse.cache.ViewInfo;
import stillhouse.loss.Need;
import stillhouse.loss.Objective;
import stillhouse.loss.ObjectiveContext;
import stillhouse.loss.Term;
import stillhouse.student.Student;
import stillhouse.student.StudentConfig;
import stillhouse.student.Students;

/**
 * A recipe, a student and a training view: what every rank of a run builds alike.
 *
 * @param view folder of the training view, reachable from every rank
 * @param labelFraction share of the labelled samples whose labels count, 0…1
 */
public record Experiment(Recipe recipe, StudentConfig student, String view, double labelFraction)
    implements RankProgram, Serializable {
  public Experiment {
    if (!(labelFraction >= 0 && labelFraction <= 1)) {
      throw new IllegalArgumentException(
          "Invalid share of labels: " + labelFraction + " (must be 0…1)");
    }
  }

  @Override
  public RankParts build(RankContext context) {
    TrainingView opened = TrainingView.open(view, context.hadoop());
    ViewInfo info = opened.info();
    Student network =
        Students.create(
            student, info.classes().size(), info.height(), info.width(), context.weights());
    Projection projection = opened.projection().orElse(null);
    List<Term> terms =
        Objective.create(
                recipe,
                new ObjectiveContext(
                    context.weights(),
                    network.embeddingChannels(),
                    info.channels(),
                    info.gridHeight(),
                    projection))
            .terms();
    return new RankParts(
        network, terms, new ViewBatches(opened, columns(), this, context, context.hadoop()));
  }

  /** The columns of the view that the recipe's losses read; the rest stays on storage. */
  Set<Column> columns() {
    Set<Column> columns = EnumSet.noneOf(Column.class);
    for (Need need : Objective.needs(recipe)) {
      columns.add(
          switch (need) {
            case LABELS -> Column.MASK;
            case TEACHER_LOGITS -> Column.LOGITS;
            case TEACHER_EMBEDDING -> Column.EMBEDDING;
            case STRUCTURE -> Column.STRUCTURE;
          });
    }
    return columns;
  }

  /** Whether the recipe needs a teacher's answers at all. */
  public static boolean needsTeacher(Recipe recipe) {
    return Objective.needs(recipe).stream().anyMatch(n -> n != Need.LABELS);
  }

  Photometric photometric() {
    Recipe.Photometric change = recipe.training().photometric();
    return change == null
        ? Photometric.NONE
        : new Photometric((float) change.exposure(), 0, (float) change.noise());
  }
}
