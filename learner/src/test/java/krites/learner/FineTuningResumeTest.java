package krites.learner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import krites.grpo.PolicyVersion;
import krites.grpo.Tuning;
import krites.grpo.objective.LearningRate;
import krites.model.image.ImagePipeline;
import krites.model.image.ImageProcessor;
import krites.model.lora.LoraFiles;
import krites.model.lora.LoraSettings;
import krites.model.lora.LoraTarget;
import krites.model.qwen25vl.Precision;
import krites.model.safetensors.CheckpointException;
import krites.model.safetensors.DType;
import krites.model.weights.WeightStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A trainer saved after one step and loaded goes on to the same bits, whatever it trains. */
class FineTuningResumeTest {
  private static final Path MODEL =
      Path.of("..", "model", "src", "test", "resources", "golden", "models", "a");

  /** Of a rank that makes adapters large enough for 8 bits. */
  private static final Optional<LoraSettings> LORA =
      Optional.of(new LoraSettings(128, 64, List.of(LoraTarget.values()), 3));

  private static final OptimizerSettings EIGHT_BITS =
      new OptimizerSettings(OptimizerKind.ADAMW_8BIT, false);

  @TempDir Path folder;
  private int trainers;

  @Test
  void eachKindOfTrainingGoesOnExactly() {
    Map<TrainerSettings, String> ends = new HashMap<>();
    for (TrainerSettings settings :
        List.of(
            settings(Optional.empty(), EIGHT_BITS),
            settings(Optional.empty(), new OptimizerSettings(OptimizerKind.ADAMW, true)),
            settings(LORA, OptimizerSettings.DEFAULT),
            settings(LORA, EIGHT_BITS))) {
      ends.put(settings, straight(settings));
      assertEquals(ends.get(settings), resumed(settings, settings), settings + "");
    }
    assertEquals(4, Set.copyOf(ends.values()).size(), "they train differently");
  }

  /** Where moments lie is no part of the state: a run may change it when it goes on. */
  @Test
  void offloadedMomentsAreTheSameMoments() {
    TrainerSettings host = settings(LORA, new OptimizerSettings(OptimizerKind.ADAMW_8BIT, true));
    assertEquals(straight(settings(LORA, EIGHT_BITS)), resumed(settings(LORA, EIGHT_BITS), host));
  }

  @Test
  void aCheckpointOfAdaptersHoldsNoWeights() throws IOException {
    Path saved = save(settings(LORA, OptimizerSettings.DEFAULT));
    assertFalse(Files.exists(saved.resolve("model.safetensors")));
    long adapter = Files.size(saved.resolve(LoraFiles.WEIGHTS));
    long state = Files.size(saved.resolve(DjlPolicyTrainer.OPTIMIZER_FILE));
    assertTrue(state < 3 * adapter, state + " bytes of moments for " + adapter + " of adapters");
    assertEquals(new LoraFiles.Base("base", "of 1 bytes"), LoraFiles.base(saved));
  }

  @Test
  void theStateOfAnotherKindIsRefused() {
    CheckpointException refused =
        assertThrows(
            CheckpointException.class,
            () -> resumed(settings(LORA, OptimizerSettings.DEFAULT), settings(LORA, EIGHT_BITS)));
    assertTrue(
        refused
            .getMessage()
            .endsWith("expected the state of learner.optimizer = adamw-8bit, found that of adamw"),
        refused.getMessage());
  }

  private String straight(TrainerSettings settings) {
    try (DjlPolicyTrainer trainer = trainer(settings, Optional.empty())) {
      DjlPolicyTrainerTest.step(trainer, DjlPolicyTrainerTest.batch(1, 0, 0, Tuning.NONE));
      DjlPolicyTrainerTest.step(trainer, DjlPolicyTrainerTest.batch(2, 1, 0, Tuning.NONE));
      return trainer.publish().digest();
    }
  }

  private String resumed(TrainerSettings settings, TrainerSettings then) {
    Path saved = save(settings);
    try (DjlPolicyTrainer trainer = trainer(then, Optional.of(saved))) {
      DjlPolicyTrainerTest.step(trainer, DjlPolicyTrainerTest.batch(2, 1, 0, Tuning.NONE));
      return trainer.publish().digest();
    }
  }

  private Path save(TrainerSettings settings) {
    try (DjlPolicyTrainer trainer = trainer(settings, Optional.empty())) {
      DjlPolicyTrainerTest.step(trainer, DjlPolicyTrainerTest.batch(1, 0, 0, Tuning.NONE));
      Path saved = Files.createDirectory(folder.resolve("saved-" + trainers));
      trainer.save(saved);
      return saved;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DjlPolicyTrainer trainer(TrainerSettings settings, Optional<Path> saved) {
    return new DjlPolicyTrainer(
        new DjlPolicyTrainer.Start(
            saved.orElse(MODEL),
            MODEL,
            saved.map(path -> path.resolve(DjlPolicyTrainer.OPTIMIZER_FILE)),
            Optional.of(new LoraFiles.Base("base", "of 1 bytes")),
            new PolicyVersion(0, saved.isPresent() ? 1 : 0)),
        settings,
        image -> {
          throw new IOException("no image in this test");
        },
        ImagePipeline.of(ImageProcessor.load(MODEL)),
        new WeightStore(folder.resolve("trainer-" + trainers++), Precision.F32),
        (directory, weights) -> weights.save(directory, DType.F32));
  }

  private static TrainerSettings settings(
      Optional<LoraSettings> lora, OptimizerSettings optimizer) {
    return new TrainerSettings(
        new Objective(1, DjlPolicyTrainerTest.objective(0.2, 0.3, 0.01)),
        TokenWeights.MICRO_BATCH_TOKEN_MEAN,
        8,
        AdamWSettings.PUBLISHED,
        new LearningRate.Constant(1e-3, 0),
        1,
        64,
        new TrainingCore.Choice(false, Precision.F32, false, lora, optimizer),
        1,
        Device.cpu());
  }
}
