package stillhouse.jobs;

import java.nio.file.Path;
import stillhouse.predict.OnnxSource;

/** Something of a run that is scored: a file, or the engine that was built of it. */
sealed interface Scored permits ScoredFile, ScoredEngine {
  /** The run's. */
  Path folder();

  /** The precision of the file that it is, or was built of. */
  Variant variant();

  /** Its name in tables: the run's, and which of its files. */
  String name(String run);

  /** What names of its metrics end with. */
  String suffix();

  /** Where its score lies. */
  Path scores();

  /** The network, ready for executors. */
  OnnxSource source();
}
