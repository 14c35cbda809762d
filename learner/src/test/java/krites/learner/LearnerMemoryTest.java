package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import krites.model.lora.LoraAdapters;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.TorchRuntime;
import org.junit.jupiter.api.Test;

/** What is said to be allocated against the tensors of a learner. */
class LearnerMemoryTest {
  private static final Path MODEL = Path.of("..", "models", "shapes-base");
  private static final LoraSettings LORA =
      new LoraSettings(48, 16, List.of(LoraTarget.Q_PROJ, LoraTarget.DOWN_PROJ), 0);

  private final Qwen25VlConfig config = Qwen25VlConfig.load(MODEL);

  @Test
  void itIsWhatALearnerHolds() {
    TorchRuntime.prepareThread(1, false);
    for (OptimizerKind kind : OptimizerKind.values()) {
      compare(false, Optional.empty(), kind);
      compare(true, Optional.empty(), kind);
      compare(false, Optional.of(LORA), kind);
    }
  }

  private void compare(boolean freezeVision, Optional<LoraSettings> lora, OptimizerKind kind) {
    OptimizerSettings optimizer = new OptimizerSettings(kind, false);
    LearnerMemory said = LearnerMemory.of(config, freezeVision, lora, optimizer, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TrainingCore core =
            new TrainingCore(
                config,
                NetworkWeights.load(MODEL, config, manager),
                new TrainingCore.Choice(
                    freezeVision,
                    lora.map(settings -> LoraAdapters.fresh(config, settings, manager)),
                    optimizer),
                manager)) {
      String what = kind + ", frozen vision " + freezeVision + ", " + lora;
      assertEquals(bytes(core.weights().tensors()), said.weights(), what);
      assertEquals(
          core.adapters().map(adapters -> bytes(adapters.tensors())).orElse(0L),
          said.adapters(),
          what);
      assertEquals(core.optimizer().bytes(), said.moments(), what);
      assertEquals(said.gradients(), gradients(core, manager), what);
    }
  }

  /** Of a text without pictures: the vision tower, if it is trained, is added by its weights. */
  private long gradients(TrainingCore core, NDManager manager) {
    PackedRows rows = LoraTrainingTest.rows(manager, config);
    float[] mean = new float[rows.targets()];
    Arrays.fill(mean, 1f / mean.length);
    core.supervised(rows, mean);
    long sum = 0;
    for (int i = core.firstTrained(); i < core.gradients().size(); i++) {
      NDArray gradient = core.gradients().get(i);
      boolean seen = !gradient.isEmpty();
      sum += 4 * (seen ? gradient.size() : core.weights().tensors().get(i).size());
    }
    return sum;
  }

  private static long bytes(NDList tensors) {
    return tensors.stream().mapToLong(tensor -> 4 * tensor.size()).sum();
  }

  @Test
  void adaptersNeedNoSecondSetOfWeightsAndOffloadedMomentsNoDevice() {
    OptimizerSettings offload = new OptimizerSettings(OptimizerKind.ADAMW, true);
    LearnerMemory full =
        LearnerMemory.of(config, false, Optional.empty(), OptimizerSettings.DEFAULT, true);
    LearnerMemory host = LearnerMemory.of(config, false, Optional.empty(), offload, true);
    LearnerMemory lora = LearnerMemory.of(config, false, Optional.of(LORA), offload, true);
    assertEquals(full.weights(), full.reference());
    assertEquals(0, lora.reference());
    assertEquals(0, full.inHost());
    assertEquals(full.moments(), host.inHost());
    assertEquals(full.onDevice() - full.moments() + host.parts(), host.onDevice());
  }
}
