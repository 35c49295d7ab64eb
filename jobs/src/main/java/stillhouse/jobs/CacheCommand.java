package stillhouse.jobs;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.teacher.LocalTeacher;

/** Asks the frozen teacher about every sample that it was not asked about before. */
@Command(
    name = "cache",
    mixinStandardHelpOptions = true,
    description = "Asks the frozen teacher once about every sample and keeps its answers.")
final class CacheCommand implements Callable<Integer> {
  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private CacheOption cache;

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    LocalTeacher source = teacher.resolve();
    cache.check();
    try (var session = JobSession.open("cache " + dataset.name())) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      return cache.run(session, root.uri(), dataset, source).cached() == 0 ? Stillhouse.FAILED : 0;
    }
  }
}
