package stillhouse.train;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/**
 * Whether torch records operations for a gradient. It keeps that by thread, on in each new one, and
 * DJL turns it off in the thread alone that loads the engine: another thread, such as the one in
 * which an executor runs a later part of a run, would fail at the first weight that is written in
 * place, and keep graphs that nobody asks for.
 */
public final class Recording {
  private Recording() {}

  /** Off in this thread from now on, but within a gradient collector. Loads the engine. */
  public static void off() {
    Engine.getEngine("PyTorch");
    JniUtils.setGradMode(false);
  }

  /** Off while {@code action} runs. */
  static void pausedFor(Runnable action) {
    boolean on = JniUtils.isGradMode();
    JniUtils.setGradMode(false);
    try {
      action.run();
    } finally {
      JniUtils.setGradMode(on);
    }
  }
}
