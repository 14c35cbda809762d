package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import krites.grpo.port.MemberExchange;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.PackedWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.torchscript.ScriptModule;
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
    for (Precision precision : Precision.values()) {
      TrainingCore.Choice all = new TrainingCore.Choice(false, precision, false);
      for (OptimizerKind kind : OptimizerKind.values()) {
        OptimizerSettings optimizer = new OptimizerSettings(kind, false);
        compare(all.with(optimizer));
        compare(new TrainingCore.Choice(true, precision, false).with(optimizer));
        compare(all.with(LORA).with(optimizer));
      }
    }
  }

  private void compare(TrainingCore.Choice choice) {
    LearnerMemory said = LearnerMemory.of(config, choice, false, Kernels.PACKED);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        TrainingCore core =
            new TrainingCore(
                config,
                NetworkWeights.load(MODEL, config, choice::loaded, manager),
                choice,
                manager)) {
      long own = bytes(core.computing().tensors());
      assertEquals(own, said.weights(), choice + "");
      long masters = 0;
      for (int i = 0; i < core.weights().tensors().size(); i++) {
        NDArray master = core.weights().tensors().get(i);
        boolean shared = master.getDataType() == core.computing().tensors().get(i).getDataType();
        masters += shared ? 0 : bytes(new NDList(master));
      }
      assertEquals(masters, said.masters(), choice + "");
      assertEquals(
          core.adapters().map(adapters -> bytes(adapters.tensors())).orElse(0L),
          said.adapters(),
          choice + "");
      assertEquals(core.optimizer().bytes(), said.moments(), choice + "");
      assertEquals(gradients(core, manager), said.gradients(), choice + "");
    }
  }

  @Test
  void aMemberHoldsTheMastersAndMomentsOfItsShard() {
    int members = 3;
    TrainingCore.Choice choice = new TrainingCore.Choice(false, Precision.BF16, false);
    LearnerMemory said = LearnerMemory.of(config, choice, false, Kernels.PACKED, members);
    LearnerMemory alone = LearnerMemory.of(config, choice, false, Kernels.PACKED);
    assertEquals(alone.weights() + alone.gradients(), said.weights() + said.gradients());
    for (MemberExchange exchange : LocalMembers.of(members, Duration.ofSeconds(1))) {
      try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
          TrainingCore core =
              new TrainingCore(
                  config,
                  NetworkWeights.load(MODEL, config, choice::loaded, manager),
                  choice,
                  Optional.empty(),
                  Optional.of(exchange),
                  manager)) {
        long block = 4 * MomentCodes.BLOCK;
        assertEquals(said.masters(), bytes(core.masters()), block);
        assertEquals(said.moments(), core.optimizer().bytes(), 2 * block);
      }
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
    return tensors.stream()
        .mapToLong(tensor -> (tensor.getDataType() == DataType.FLOAT32 ? 4 : 2) * tensor.size())
        .sum();
  }

  @Test
  void adaptersNeedNoSecondSetOfWeightsAndOffloadedMomentsNoDevice() {
    OptimizerSettings offload = new OptimizerSettings(OptimizerKind.ADAMW, true);
    TrainingCore.Choice plain = TrainingCore.Choice.PLAIN;
    LearnerMemory full = LearnerMemory.of(config, plain, true, Kernels.PACKED);
    LearnerMemory host = LearnerMemory.of(config, plain.with(offload), true, Kernels.PACKED);
    LearnerMemory lora =
        LearnerMemory.of(config, plain.with(LORA).with(offload), true, Kernels.PACKED);
    long table = 4L * config.vocabulary() * config.hidden();
    assertTrue(config.tiedHead());
    assertEquals(full.weights() + table, full.reference(), "packed, the head is a second table");
    assertEquals(full.weights(), LearnerMemory.of(config, plain, true, Kernels.PLAIN).reference());
    assertEquals(0, lora.reference());
    assertEquals(0, full.inHost());
    assertEquals(full.moments(), host.inHost());
    assertEquals(full.onDevice() - full.moments() + host.parts(), host.onDevice());
  }

  @Test
  void theReferenceIsHeldInTheTypeItComputesIn() {
    TrainingCore.Choice choice = new TrainingCore.Choice(false, Precision.BF16, false);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        NetworkWeights weights = NetworkWeights.load(MODEL, config, Precision.BF16, manager)) {
      for (Kernels kernels : List.of(Kernels.PLAIN, Kernels.PACKED_WIDE)) {
        LearnerMemory said = LearnerMemory.of(config, choice, true, kernels);
        long held = frozen(weights, kernels, manager);
        // Packed matrices are filled up to blocks of rows, which shows in ones as small as these.
        assertEquals(held, said.reference(), 0.08 * held, kernels + "");
      }
    }
  }

  private long frozen(NetworkWeights weights, Kernels kernels, NDManager manager) {
    if (!kernels.packed()) {
      return bytes(weights.tensors());
    }
    ScriptModule script =
        ScriptModule.load(manager, LearnerScript.frozen(config, kernels, Products.TORCH));
    return bytes(PackedWeights.replacing(weights, config, script, manager).tensors());
  }
}
