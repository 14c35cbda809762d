package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.Test;

/** The sampler sees few rows of a large vocabulary at a time; nobody may notice. */
class SamplerSlicesTest {
  /** Three rows fit into what the sampler passes over at once; the last part has one row. */
  private static final int ROWS = 7;

  private static final int VOCABULARY = 151_936;
  private static final int TAIL = VOCABULARY - 271;
  private static final int FORBIDDEN = 77;

  @Test
  void aRowOfManyGivesWhatItGivesAloneToTheBit() {
    TorchRuntime.prepareThread(1, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        ScriptModule script = ScriptModule.load(manager, RolloutScript.samplerMethods())) {
      for (boolean shaped : new boolean[] {false, true}) {
        for (int type : new int[] {RawTensors.FLOAT32, RawTensors.BFLOAT16}) {
          compare(script, manager, shaped, type);
        }
      }
    }
  }

  private static void compare(ScriptModule script, NDManager manager, boolean shaped, int type) {
    SplittableRandom random = new SplittableRandom(5);
    float[] values = new float[ROWS * VOCABULARY];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (4 * random.nextGaussian());
    }
    for (int row = 0; row < ROWS; row++) { // whoever forgets that these are forbidden draws them
      values[row * VOCABULARY + FORBIDDEN] = 30;
      values[row * VOCABULARY + TAIL + row] = 30;
    }
    double[] uniforms = random.doubles(ROWS).toArray();
    try (NDManager scope = manager.newSubManager()) {
      NDArray logits =
          RawTensors.cast(scope.create(values, new Shape(ROWS, VOCABULARY)), type, scope);
      NDList together = choose(script, scope, logits, uniforms, shaped);
      long[] tokens = together.get(0).toLongArray();
      for (int row = 0; row < ROWS; row++) {
        String what = "row " + row + " shaped " + shaped + " type " + type;
        assertTrue(tokens[row] < TAIL && tokens[row] != FORBIDDEN, what);
        NDArray one = logits.get(row + ":" + (row + 1));
        NDList alone = choose(script, scope, one, new double[] {uniforms[row]}, shaped);
        assertArrayEquals(new long[] {tokens[row]}, alone.get(0).toLongArray(), what);
        for (int i = 1; i < 3; i++) {
          float[] all = together.get(i).toFloatArray();
          assertArrayEquals(new float[] {all[row]}, alone.get(i).toFloatArray(), what);
        }
      }
    }
  }

  private static NDList choose(
      ScriptModule script, NDManager scope, NDArray logits, double[] uniforms, boolean shaped) {
    int rows = uniforms.length;
    Shape column = new Shape(rows, 1);
    return script.call(
        scope,
        "choose",
        logits,
        scope.create(new Shape(rows, VOCABULARY), DataType.FLOAT32),
        scope.create(uniforms),
        scope.zeros(new Shape(1, 1), DataType.BOOLEAN),
        scope.create(new long[] {FORBIDDEN}),
        TAIL,
        scope.full(column, 0.8f),
        scope.full(column, shaped ? 40 : Integer.MAX_VALUE, DataType.INT64),
        scope.full(column, 1f),
        scope.full(column, 1f),
        shaped ? 40 : 0,
        false,
        false,
        shaped,
        false,
        true);
  }
}
