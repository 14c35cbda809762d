package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reference, packed, against the same weights in a training core. */
class FrozenNetworkTest {
  static Stream<Path> models() throws IOException {
    return GoldenStep.models();
  }

  @ParameterizedTest
  @MethodSource("models")
  void logProbsAreThoseOfTheCore(Path model) throws IOException {
    TorchRuntime.prepareThread(1, false);
    GoldenStep golden = GoldenStep.of(model);
    Qwen25VlConfig config = Qwen25VlConfig.load(model);
    for (Precision precision : Precision.values()) {
      try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
          FrozenNetwork frozen =
              FrozenNetwork.of(
                  config,
                  NetworkWeights.map(model, config, precision, manager),
                  precision,
                  29,
                  manager);
          TrainingCore core =
              new TrainingCore(
                  config,
                  NetworkWeights.load(model, config, precision, manager),
                  new TrainingCore.Choice(false, precision, false),
                  manager);
          FrozenNetwork shared = FrozenNetwork.beneath(core, manager)) {
        PackedRows rows = PackedRows.of(golden.groups(), config, manager);
        float[] expected = core.logProbs(rows, 0.7, manager).get(0).toFloatArray();
        assertArrayEquals(expected, shared.logProbs(rows, 0.7), 1e-5f);
        float[] found = frozen.logProbs(rows, 0.7);
        if (precision == Precision.F32) {
          assertArrayEquals(expected, found, 1e-5f);
        }
        assertTrue(meanDifference(expected, found) < 0.03, precision + " of " + model);
      }
    }
  }

  private static double meanDifference(float[] expected, float[] found) {
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      sum += Math.abs((double) expected[i] - found[i]);
    }
    return sum / expected.length;
  }
}
