package krites.model.torchscript;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/**
 * Process-wide settings of the PyTorch engine, and those that each engine thread makes for itself.
 */
public final class TorchRuntime {
  private static volatile boolean started;

  private TorchRuntime() {}

  /**
   * Starts the engine once: no optimisation passes at run time, since shapes change from call to
   * call.
   */
  public static void start() {
    if (started) {
      return;
    }
    synchronized (TorchRuntime.class) {
      if (!started) {
        Engine.getEngine("PyTorch");
        JniUtils.setGraphExecutorOptimize(false);
        started = true;
      }
    }
  }

  /**
   * Prepares the calling thread to drive an engine.
   *
   * @param threads native threads that one operator may use when called from this thread
   * @param gradients whether operators called from this thread record gradients
   */
  public static void prepareThread(int threads, boolean gradients) {
    start();
    JniUtils.setNumThreads(threads);
    JniUtils.setGradMode(gradients);
    JniUtils.setGraphExecutorOptimize(false);
  }
}
