package stillhouse.train;

import java.io.IOException;
import java.io.Serializable;
import java.util.Map;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries metrics from the executors to the driver while a stage runs. Set {@code
 * spark.plugins=stillhouse.train.TrainingPlugin}.
 */
public final class TrainingPlugin implements SparkPlugin {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingPlugin.class);

  private static volatile PluginContext executor;

  private record Message(String runId, Serializable report) implements Serializable {}

  /** Sends from an executor; a message that is lost is logged and no reason to stop. */
  static void send(String runId, TrainingMetrics metrics) {
    sendReport(runId, metrics);
  }

  static void send(String runId, RankLoad load) {
    sendReport(runId, load);
  }

  private static void sendReport(String runId, Serializable report) {
    PluginContext context = executor;
    if (context == null) {
      throw new TrainingException(
          "Cannot report to the driver: this executor runs without " + TrainingPlugin.class);
    }
    try {
      context.send(new Message(runId, report));
    } catch (IOException e) {
      LOG.warn("Could not report {} of run '{}'", report, runId, e);
    }
  }

  @Override
  public DriverPlugin driverPlugin() {
    return new DriverPlugin() {
      @Override
      public Object receive(Object message) {
        Message m = (Message) message;
        TrainingReports.tell(m.runId(), m.report());
        return null;
      }
    };
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      @Override
      public void init(PluginContext context, Map<String, String> extraConf) {
        executor = context;
      }

      @Override
      public void shutdown() {
        executor = null;
      }
    };
  }
}
