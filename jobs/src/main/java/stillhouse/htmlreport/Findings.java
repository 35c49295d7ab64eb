package stillhouse.htmlreport;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import stillhouse.cache.Promotion;

/**
 * All that a report tells, as it was found in a workspace.
 *
 * @param made when, for a person
 * @param images that every model was scored on; 0 where they differ
 * @param models the table, in its order
 * @param remarks sentences about all of it
 * @param overlays pictures of images that a run is best and worst at
 * @param structure maps of a few images; empty where no teacher was named or it has none
 * @param cascades of the runs that have one
 * @param bench what {@code bench --json} wrote
 * @param champions a row a registered model
 */
public record Findings(
    String dataset,
    String split,
    List<String> classes,
    String workspace,
    String made,
    long images,
    Commands commands,
    List<Model> models,
    List<String> remarks,
    List<PrecisionFile> variants,
    List<Part> parts,
    List<Sheet> overlays,
    List<Training> trainings,
    Optional<Sheet> structure,
    List<Cascaded> cascades,
    List<JsonNode> bench,
    List<Promotion> champions,
    Cached cached) {}
