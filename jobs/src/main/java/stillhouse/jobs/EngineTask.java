package stillhouse.jobs;

import java.nio.file.Path;
import java.util.Optional;
import stillhouse.tensorrt.NetworkFile;

/**
 * One engine to build.
 *
 * @param out its folder
 * @param label the precision, by which MLflow's run has it
 * @param mlflowRun the run that trained it, where it is known
 */
record EngineTask(NetworkFile network, Path out, String label, Optional<String> mlflowRun) {}
