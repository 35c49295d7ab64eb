package stillhouse.htmlreport;

import java.util.List;
import java.util.Map;

/**
 * How a run went.
 *
 * @param source where its curves are kept, or why there are none
 * @param curves over steps, by the names that MLflow has them under
 */
public record Training(String run, String source, Map<String, List<Point>> curves) {}
