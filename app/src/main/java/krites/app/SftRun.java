package krites.app;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import krites.app.config.RunConfig;
import krites.app.config.SftConfig;
import krites.data.shapes.SupervisedItem;
import krites.grpo.flow.Seeds;
import krites.grpo.objective.LearningRate;
import krites.learner.AdamWSettings;
import krites.learner.PackedRows;
import krites.learner.SupervisedTrainer;
import krites.learner.TrainingCore;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.DType;
import krites.model.tokenizer.ChatTemplate;
import krites.model.tokenizer.Tokenizer;
import krites.model.torchscript.TorchRuntime;
import krites.rollout.PromptEncoder;

/**
 * The supervised stage: a network that learns to speak like the teacher of the built-in world, or
 * like the rows of a file; the same seed and settings give the same weights on the same machine.
 */
final class SftRun {
  private static final double EPSILON = 1e-8;
  private static final int REPORTS = 20;

  private final RunConfig config;
  private final SftConfig sft;
  private final PrintStream out;
  private final Device device;
  private final Optional<ModelFolder> from;
  private final SftExamples examples;

  /**
   * @param from the model to go on from; empty makes fresh weights
   */
  SftRun(
      RunConfig config,
      Optional<ModelFolder> from,
      SftExamples examples,
      Device device,
      PrintStream out) {
    this.config = config;
    this.from = from;
    this.examples = examples;
    this.device = device;
    this.sft = config.sft();
    this.out = out;
  }

  /**
   * Trains and fills an existing, empty directory with a model.
   *
   * @throws IOException if a file cannot be written
   */
  void writeTo(Path directory) throws IOException {
    if (from.isEmpty()) {
      BaseModelFiles.write(directory, sft.network(), config.data().instruction());
    }
    ModelFolder described = from.orElseGet(() -> new ModelFolder(directory));
    TorchRuntime.prepareThread(sft.threads(), true);
    try (NDManager manager = NDManager.newBaseManager(device, "PyTorch");
        Tokenizer tokenizer = Tokenizer.load(described.path())) {
      Qwen25VlConfig network = Qwen25VlConfig.load(described.path());
      NetworkWeights weights =
          from.isEmpty()
              ? NetworkWeights.random(
                  network, Seeds.ofName(config.run().seed(), "weights"), manager)
              : NetworkWeights.load(described.path(), network, manager);
      try (TrainingCore core =
          new TrainingCore(
              network,
              weights,
              new TrainingCore.Choice(config.model().freezeVision(), Precision.F32, false),
              manager)) {
        out.printf(Locale.ROOT, "network of %,d parameters%n", weights.layout().parameters());
        train(core, network, encoder(described, tokenizer), tokenizer, manager);
        if (from.isPresent()) {
          described.copyDescription(directory, dtype());
        }
        core.weights().save(directory, dtype());
      }
    }
  }

  private void train(
      TrainingCore core,
      Qwen25VlConfig network,
      PromptEncoder encoder,
      Tokenizer tokenizer,
      NDManager manager) {
    SupervisedTrainer trainer =
        new SupervisedTrainer(
            core,
            new AdamWSettings(
                sft.beta1(), sft.beta2(), EPSILON, sft.weightDecay(), sft.maxGradNorm()),
            sft.microBatchTokens(),
            manager);
    LearningRate warmUp = new LearningRate.Constant(sft.lr(), sft.warmupSteps());
    int hold = (int) Math.round(sft.holdShare() * sft.steps());
    LearningRate fall = new LearningRate.Cosine(sft.lr(), 0, Math.max(1, sft.steps() - hold), 0, 0);
    int endOfTurn = tokenizer.requireId("<|im_end|>");
    int every = Math.max(1, sft.steps() / REPORTS);
    long startNanos = System.nanoTime();
    for (int step = 0; step < sft.steps(); step++) {
      double rate = step < hold ? warmUp.at(step) : fall.at(step - hold);
      List<PackedRows.Sequence> batch = new ArrayList<>();
      for (int i = 0; i < sft.batchItems(); i++) {
        SupervisedItem example = examples.next((long) step * sft.batchItems() + i);
        batch.add(fitting(sequence(example, encoder, tokenizer, endOfTurn), example, network));
      }
      SupervisedTrainer.Step done = trainer.step(batch, rate);
      if (step == 0 || (step + 1) % every == 0) {
        out.printf(
            Locale.ROOT,
            "step %d/%d  loss %.4f  grad norm %.3f  %.0f s%n",
            step + 1,
            sft.steps(),
            done.loss(),
            done.gradientNorm(),
            (System.nanoTime() - startNanos) / 1e9);
      }
    }
  }

  private static PackedRows.Sequence sequence(
      SupervisedItem item, PromptEncoder encoder, Tokenizer tokenizer, int endOfTurn) {
    try {
      PromptEncoder.Encoded encoded = encoder.encode(item.prompt());
      int[] response = tokenizer.encode(item.response());
      int[] closed = Arrays.copyOf(response, response.length + 1);
      closed[response.length] = endOfTurn;
      return new PackedRows.Sequence(
          encoded.prompt().ids().toArray(), encoded.images(), List.of(closed));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static PackedRows.Sequence fitting(
      PackedRows.Sequence sequence, SupervisedItem example, Qwen25VlConfig network) {
    if (sequence.tokens() > network.maxPositions()) {
      throw new InputError(
          "example "
              + example.prompt().id()
              + " has "
              + sequence.tokens()
              + " tokens, and the model is made for "
              + network.maxPositions()
              + " (max_position_embeddings); leave it out, or shrink its pictures with"
              + " model.max-pixels");
    }
    return sequence;
  }

  private PromptEncoder encoder(ModelFolder model, Tokenizer tokenizer) {
    return new PromptEncoder(
        tokenizer,
        ChatTemplate.load(model.path()),
        examples.images(),
        DjlEngines.pipeline(config.model(), model));
  }

  private DType dtype() {
    return switch (sft.dtype()) {
      case F32 -> DType.F32;
      case BF16 -> DType.BF16;
      case F16 -> DType.F16;
    };
  }

  /** Writes the settings beside the model, so that the same command can be given again. */
  static void writeSettings(Path directory, String text) throws IOException {
    Files.writeString(directory.resolve("sft.conf"), text);
  }
}
