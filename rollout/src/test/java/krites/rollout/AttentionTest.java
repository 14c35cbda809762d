package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Attention by parts, and the plain operators that stand for the kernel where it is not. */
class AttentionTest {
  private static final float ROUNDING = 1e-5f;
  private static final float HIDDEN = Float.NEGATIVE_INFINITY;

  private NDManager manager;
  private ScriptModule script;
  private NDArray q;
  private NDArray k;
  private NDArray v;

  @BeforeEach
  void start() {
    TorchRuntime.prepareThread(1, false);
    manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    script =
        ScriptModule.load(
            manager,
            RolloutScript.methods(Qwen25VlConfig.load(SmallModel.GOLDEN.resolve("models/a"))));
    q = tensor(2, 3, 5, 16, 0.37f);
    k = tensor(2, 3, 5, 16, 0.61f);
    v = tensor(2, 3, 5, 16, 0.83f);
  }

  @AfterEach
  void stop() {
    script.close();
    manager.close();
  }

  @Test
  void plainOperatorsGiveWhatTheKernelGives() {
    NDArray mask =
        manager
            .create(new float[] {0, 0, HIDDEN, 0, HIDDEN, 0, HIDDEN, 0, 0, 0})
            .reshape(2, 1, 1, 5);
    assertSame(attend("attend", mask, false), attend("attend_plain", mask, false));
    NDArray none = manager.zeros(new Shape(1, 1, 1, 1));
    assertSame(attend("attend", none, true), attend("attend_plain", none, true));
  }

  @Test
  void twoPartsMergedAreTheWhole() {
    NDArray all = manager.zeros(new Shape(1, 1, 1, 1));
    NDList whole = attend("attend", all, false);
    NDIndex left = new NDIndex(":, :, :2");
    NDIndex right = new NDIndex(":, :, 2:");
    NDList merged =
        script.call(
            manager,
            "merge",
            script.call(manager, "attend", q, k.get(left), v.get(left), all, false),
            script.call(manager, "attend", q, k.get(right), v.get(right), all, false));
    assertSame(whole, merged);
  }

  private NDList attend(String method, NDArray mask, boolean causal) {
    return script.call(manager, method, q, k, v, mask, causal);
  }

  private static void assertSame(NDList expected, NDList actual) {
    assertArrayEquals(expected.get(0).toFloatArray(), actual.get(0).toFloatArray(), ROUNDING);
    assertArrayEquals(expected.get(1).toFloatArray(), actual.get(1).toFloatArray(), ROUNDING);
  }

  /** Numbers that repeat nowhere. */
  private NDArray tensor(int a, int b, int c, int d, float step) {
    float[] values = new float[a * b * c * d];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(step * i * i);
    }
    return manager.create(values, new Shape(a, b, c, d));
  }
}
