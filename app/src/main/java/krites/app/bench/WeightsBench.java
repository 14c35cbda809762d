package krites.app.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.weights.WeightStore;

/**
 * Weights on their way from a learner to a rollout engine: written and digested, read back and
 * verified, taken over. Driven by one thread, which owns engine and weights.
 */
final class WeightsBench implements AutoCloseable {
  private final NDManager manager;
  private final NetworkWeights weights;
  private final WeightStore store;
  private final Path folder;
  private final EngineVariant engine;
  private final long bytes;
  private int version;

  /**
   * @param engineSetup of the engine that takes the weights; its precision is that of the files
   */
  WeightsBench(BenchModel model, EngineVariant.Setup engineSetup, BenchPrompts prompts) {
    this.folder = model.folder().resolve("published");
    this.store = new WeightStore(folder, engineSetup.precision());
    this.engine = new EngineVariant(model, engineSetup, prompts, store);
    this.manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    this.weights = NetworkWeights.load(model.folder(), model.config(), Precision.F32, manager);
    this.bytes = model.parameters() * engineSetup.precision().bytes();
  }

  EngineVariant engine() {
    return engine;
  }

  /**
   * One version from here to there; the one before it is retired.
   *
   * @param findings hears of the times
   */
  void push(Findings findings) {
    version++;
    String name = "v" + version;
    long start = System.nanoTime();
    WeightStore.Published published =
        timed(findings, "publish_milliseconds", () -> store.publish(name, weights));
    timed(
        findings,
        "verify_milliseconds",
        () -> {
          store.verify(published.name(), published.sha256());
          return name;
        });
    WeightUpdate update =
        new WeightUpdate(new PolicyVersion(0, version), published.name(), published.sha256());
    timed(
        findings,
        "swap_milliseconds",
        () -> {
          engine.engine().update(update);
          return name;
        });
    double seconds = (System.nanoTime() - start) / 1e9;
    findings.add("push", engine.name(), "all_milliseconds", 1e3 * seconds);
    findings.add("push", engine.name(), "pushed_bytes_per_second", bytes / seconds);
    store.retire("v" + (version - 1));
  }

  private <T> T timed(Findings findings, String quantity, Supplier<T> work) {
    long start = System.nanoTime();
    T result = work.get();
    findings.add("push", engine.name(), quantity, (System.nanoTime() - start) / 1e6);
    return result;
  }

  /** A response to each prompt. */
  void answer(List<Prompt> asked, int newTokens) {
    List<GroupRequest> requests = new ArrayList<>();
    for (Prompt prompt : asked) {
      requests.add(engine.request(prompt, EngineVariant.sampling(1, newTokens), requests.size()));
    }
    engine.run(requests);
  }

  @Override
  public void close() {
    engine.close();
    weights.close();
    manager.close();
    store.retire("v" + version);
  }
}
