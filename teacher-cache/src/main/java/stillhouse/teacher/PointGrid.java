package stillhouse.teacher;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * A foreground point in the middle of each of {@code rows}×{@code columns} equal cells, row by row,
 * whatever the image shows. Source: seed sam2-6mb-student, {@code prompt_encoder:
 * dense_point_only}.
 *
 * @param classId the class of whatever a point hits
 */
public record PointGrid(int rows, int columns, int classId, MaskSelection selection)
    implements PromptPlan {
  public PointGrid {
    if (rows < 1 || columns < 1) {
      throw new IllegalArgumentException(
          "Invalid grid: " + rows + " rows × " + columns + " columns (both must be > 0)");
    }
  }

  @Override
  public List<Prompt> prompts(PromptedImage image) {
    List<Prompt> points = new ArrayList<>(rows * columns);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        float x = (column + 0.5f) * image.width() / columns;
        float y = (row + 0.5f) * image.height() / rows;
        points.add(new Prompt.Point(classId, x, y, true));
      }
    }
    return points;
  }

  @Override
  public Optional<MaskSelection> selection(PromptedImage image) {
    return Optional.of(selection);
  }

  @Override
  public boolean readsLabels() {
    return false;
  }

  @Override
  public Sha256 fingerprint() {
    Fingerprint parts =
        Fingerprint.of("stillhouse.teacher.PointGrid/2")
            .add("rows", rows)
            .add("columns", columns)
            .add("class", classId);
    selection.addTo(parts);
    return parts.digest();
  }
}
