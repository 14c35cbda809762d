package krites.app.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.SplittableRandom;
import krites.grpo.Prompt;
import krites.model.plain.PlainDecoding;
import krites.model.plain.PlainNetwork;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.torchscript.TorchRuntime;
import krites.rollout.PromptEncoder;

/** The plain twin: one NDArray call per operator, in float32, which is all that DJL computes in. */
final class TwinVariant implements RolloutVariant {
  static final String NAME = "ndarray f32";

  private final NDManager manager;
  private final NetworkWeights weights;
  private final PlainNetwork network;
  private final BenchPrompts prompts;

  TwinVariant(BenchModel model, int threads, Device device, BenchPrompts prompts) {
    TorchRuntime.prepareThread(threads, false);
    this.manager = NDManager.newBaseManager(device, "PyTorch");
    this.weights = NetworkWeights.map(model.folder(), model.config(), Precision.F32, manager);
    this.network = new PlainNetwork(model.config(), weights);
    this.prompts = prompts;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Precision precision() {
    return Precision.F32;
  }

  @Override
  public Decoded decode(List<Prompt> asked, int newTokens) {
    double[] uniforms = new SplittableRandom(1).doubles((long) asked.size() * newTokens).toArray();
    try (PlainDecoding decoding = read(asked, newTokens)) {
      long start = System.nanoTime();
      long tokens = decoding.sample(uniforms, 1).ids().length;
      return new Decoded((System.nanoTime() - start) / 1e9, tokens);
    }
  }

  @Override
  public double prefill(List<Prompt> asked) {
    long start = System.nanoTime();
    try (PlainDecoding decoding = read(asked, 1)) {
      decoding.logits();
      return (System.nanoTime() - start) / 1e9;
    }
  }

  private PlainDecoding read(List<Prompt> asked, int newTokens) {
    List<PlainDecoding.Prompt> inputs =
        asked.stream()
            .map(
                prompt -> {
                  PromptEncoder.Encoded encoded = prompts.encoded(prompt);
                  return new PlainDecoding.Prompt(
                      encoded.prompt().ids().toArray(), encoded.images());
                })
            .toList();
    return new PlainDecoding(network, inputs, newTokens, manager);
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }
}
