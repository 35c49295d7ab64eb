package stillhouse.jobs;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.scene.SceneWriter;
import stillhouse.scene.Scenes.Surface;

/** Draws the demo's inspection scenes. */
@Command(
    name = "scenes",
    mixinStandardHelpOptions = true,
    description = "Draws inspection scenes with their masks: brushed metal and rock fragments.")
final class ScenesCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ScenesCommand.class);

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "gets images/ and masks/")
  private Path out;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "300",
      description = "scenes (default: ${DEFAULT-VALUE})")
  private int count;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "default: ${DEFAULT-VALUE}")
  private long seed;

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "192",
      description = "pixels a side (default: ${DEFAULT-VALUE})")
  private int size;

  @Option(
      names = "--surface",
      paramLabel = "NAME",
      defaultValue = "mixed",
      description =
          "metal, rock, or mixed: two of metal for one of rock (default: ${DEFAULT-VALUE})")
  private Surface surface;

  @Override
  public Integer call() {
    try {
      SceneWriter.write(out, count, seed, size, surface);
    } catch (IllegalArgumentException e) { // a count, a size or a folder that won't do
      throw new ConfigException(e.getMessage(), e);
    }
    log.info("Drew {} scenes ({}) of {}×{} into {}", count, surface, size, size, out);
    return 0;
  }
}
