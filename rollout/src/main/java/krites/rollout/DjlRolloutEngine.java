package krites.rollout;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import krites.grpo.EncodedPrompt;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.Sampling;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;
import krites.model.image.ImageException;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.tokenizer.StopTokens;
import krites.model.tokenizer.Tokenizer;
import krites.model.torchscript.ScriptModule;
import krites.model.torchscript.TorchRuntime;
import krites.model.weights.WeightStore;

/**
 * The rollout engine on the network: groups that wait are read together, then decoded in chunks of
 * tokens.
 *
 * <p>A step is one prefill or one chunk. New weights take effect with the next step; sequences in
 * flight go on under them with the keys and values that they have.
 */
public final class DjlRolloutEngine implements RolloutEngine {
  private final Settings settings;
  private final PromptEncoder encoder;
  private final WeightStore store;
  private final NDManager manager;
  private final Qwen25VlConfig config;
  private final ScriptModule script;
  private final DecodeBatch.Vocabulary vocabulary;
  private final Deque<GroupRequest> waiting = new ArrayDeque<>();
  private final Map<String, Double> counters = new LinkedHashMap<>();
  private NetworkWeights weights;
  private PolicyVersion version;
  private Optional<Running> running = Optional.empty();

  /**
   * How the engine works.
   *
   * @param groups training groups in flight at once
   * @param groupSize responses of a training group; groups of other sizes share the same {@code
   *     groups * groupSize} places
   * @param chunkTokens tokens decoded per step
   * @param threads native threads of one operator
   * @param precision number type of weights, activations and caches
   */
  public record Settings(
      int groups, int groupSize, int chunkTokens, int threads, Precision precision) {
    public Settings {
      if (groups < 1 || groupSize < 1 || chunkTokens < 1 || threads < 1) {
        throw new IllegalArgumentException(
            "groups "
                + groups
                + ", group size "
                + groupSize
                + ", chunk tokens "
                + chunkTokens
                + " and threads "
                + threads
                + " must be at least 1");
      }
    }
  }

  /** A batch that is being decoded, and which sequence each of its rows is. */
  private record Running(DecodeBatch batch, List<RunningGroup> groups, List<RunningRow> rows) {
    Optional<RunningGroup> group(long id) {
      return groups.stream().filter(group -> group.id() == id).findFirst();
    }
  }

  /**
   * Loads a model directory; call it on the thread that will drive the engine.
   *
   * @param version of the weights in the directory
   */
  public DjlRolloutEngine(
      Path model,
      PolicyVersion version,
      Settings settings,
      PromptEncoder encoder,
      WeightStore store) {
    TorchRuntime.prepareThread(settings.threads(), false);
    this.settings = settings;
    this.encoder = encoder;
    this.store = store;
    this.version = version;
    this.config = Qwen25VlConfig.load(model);
    this.manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    this.weights = NetworkWeights.load(model, config, settings.precision(), manager);
    this.script = ScriptModule.load(manager, RolloutScript.methods(config));
    this.vocabulary = vocabulary(config, encoder.tokenizer(), StopTokens.load(model));
  }

  /** Forbids image and video placeholders, and ids that the tokenizer does not know. */
  private static DecodeBatch.Vocabulary vocabulary(
      Qwen25VlConfig config, Tokenizer tokenizer, StopTokens stops) {
    boolean[] forbidden = new boolean[config.vocabulary()];
    Arrays.fill(forbidden, Math.min(tokenizer.size(), forbidden.length), forbidden.length, true);
    forbidden[config.imageToken()] = true;
    if (config.videoToken() >= 0) {
      forbidden[config.videoToken()] = true;
    }
    int[] stopIds = stops.ids().stream().mapToInt(Integer::intValue).sorted().toArray();
    return new DecodeBatch.Vocabulary(config.vocabulary(), stopIds, forbidden, stopIds[0]);
  }

  @Override
  public int capacity() {
    return settings.groups();
  }

  @Override
  public int capacity(int groupSize) {
    return Math.max(1, settings.groups() * settings.groupSize() / groupSize);
  }

  @Override
  public int active() {
    return waiting.size() + running.map(now -> now.groups().size()).orElse(0);
  }

  @Override
  public void start(GroupRequest request) {
    int free = settings.groups() * settings.groupSize() - places();
    if (active() > 0 && request.sampling().groupSize() > free) {
      throw new IllegalStateException(
          "group "
              + request.groupId()
              + " of "
              + request.sampling().groupSize()
              + " responses exceeds the "
              + free
              + " free places");
    }
    waiting.add(request);
  }

  /** Places taken by groups that were not returned yet. */
  private int places() {
    int waitingPlaces = waiting.stream().mapToInt(request -> request.sampling().groupSize()).sum();
    return waitingPlaces
        + running
            .map(now -> now.groups().stream().mapToInt(group -> group.rows().size()).sum())
            .orElse(0);
  }

  @Override
  public List<RolloutOutcome> step() {
    List<RolloutOutcome> outcomes = new ArrayList<>();
    if (running.isEmpty()) {
      if (!waiting.isEmpty()) {
        time("prefill", () -> prefill(outcomes));
      }
    } else {
      time("decode", () -> decode(running.get(), outcomes));
    }
    return outcomes;
  }

  /** Reads all waiting groups that are sampled alike. */
  private void prefill(List<RolloutOutcome> outcomes) {
    Sampling sampling = waiting.getFirst().sampling();
    List<RunningGroup> groups = new ArrayList<>();
    List<DecodeBatch.Input> inputs = new ArrayList<>();
    List<GroupRequest> others = new ArrayList<>();
    for (GroupRequest request : waiting) {
      if (!request.sampling().equals(sampling)) {
        others.add(request);
        continue;
      }
      try {
        PromptEncoder.Encoded encoded = encoder.encode(request.prompt());
        requireSame(encoded.prompt(), request);
        RunningGroup group = new RunningGroup(request, encoded.prompt());
        group
            .outcome(encoder.tokenizer())
            .ifPresentOrElse(outcomes::add, () -> admit(group, encoded, groups, inputs));
      } catch (IOException | ImageException e) {
        outcomes.add(
            new RolloutOutcome.Failed(
                request.groupId(), "prompt " + request.prompt().id() + ": " + e.getMessage()));
      }
    }
    waiting.clear();
    waiting.addAll(others);
    if (groups.isEmpty()) {
      return;
    }
    List<RunningRow> rows = groups.stream().flatMap(group -> group.openRows().stream()).toList();
    int newTokens = rows.stream().mapToInt(RunningRow::remaining).max().orElseThrow();
    DecodeBatch batch =
        DecodeBatch.prefill(
            script, config, weights, vocabulary, inputs, newTokens, sampling, manager);
    running = Optional.of(new Running(batch, groups, rows));
  }

  /** A group that goes on must find the prompt that it was begun with. */
  private static void requireSame(EncodedPrompt now, GroupRequest request) throws IOException {
    if (request.prefix().isPresent() && !request.prefix().get().encoded().equals(now)) {
      throw new IOException("its tokens are not those that the responses were begun with");
    }
  }

  /** Responses without tokens share one reading of the prompt, others are read with their own. */
  private void admit(
      RunningGroup group,
      PromptEncoder.Encoded encoded,
      List<RunningGroup> groups,
      List<DecodeBatch.Input> inputs) {
    groups.add(group);
    int[] prompt = encoded.prompt().ids().toArray();
    List<RunningRow> open = group.openRows();
    if (open.stream().allMatch(row -> row.position() == 0)) {
      inputs.add(new DecodeBatch.Input(prompt, encoded.images(), open.size()));
      count("prompt_tokens", prompt.length);
      return;
    }
    for (RunningRow row : open) {
      int[] ids = Arrays.copyOf(prompt, prompt.length + row.position());
      System.arraycopy(row.tokens(), 0, ids, prompt.length, row.position());
      inputs.add(new DecodeBatch.Input(ids, encoded.images()));
      count("prompt_tokens", prompt.length);
      count("continued_tokens", row.position());
    }
  }

  private void decode(Running now, List<RolloutOutcome> outcomes) {
    List<RunningRow> rows = now.rows();
    int left = rows.stream().mapToInt(RunningRow::remaining).max().orElseThrow();
    int n = Math.min(settings.chunkTokens(), left);
    double[] uniforms = new double[rows.size() * n];
    for (int r = 0; r < rows.size(); r++) {
      rows.get(r).fillUniforms(uniforms, r * n, n);
    }
    DecodeBatch.Chunk chunk = now.batch().decode(uniforms, weights);
    for (int r = 0; r < rows.size(); r++) {
      count("response_tokens", rows.get(r).take(chunk, r, vocabulary, version));
    }
    List<RunningGroup> going = new ArrayList<>();
    for (RunningGroup group : now.groups()) {
      group.outcome(encoder.tokenizer()).ifPresentOrElse(outcomes::add, () -> going.add(group));
    }
    shrink(now, going);
  }

  /** Frees the batch when all is done, and closed rows when they are the larger part. */
  private void shrink(Running now, List<RunningGroup> going) {
    int[] open =
        IntStream.range(0, now.rows().size()).filter(r -> now.rows().get(r).open()).toArray();
    if (open.length == 0) {
      now.batch().close();
      running = Optional.empty();
    } else if (open.length * 4 <= now.rows().size() * 3) {
      now.batch().keepRows(open);
      List<RunningRow> rows = Arrays.stream(open).mapToObj(now.rows()::get).toList();
      running = Optional.of(new Running(now.batch(), going, rows));
    } else {
      running = Optional.of(new Running(now.batch(), going, now.rows()));
    }
  }

  @Override
  public void cancel(long groupId) {
    waiting.removeIf(request -> request.groupId() == groupId);
    running
        .flatMap(now -> now.group(groupId))
        .ifPresent(
            group -> {
              count("aborted_tokens", group.freshTokens());
              remove(group);
            });
  }

  @Override
  public Optional<PartialGroup> cut(long groupId) {
    Optional<RunningGroup> group = running.flatMap(now -> now.group(groupId));
    if (group.isPresent()) {
      remove(group.get());
      return Optional.of(group.get().partial());
    }
    Optional<GroupRequest> unread =
        waiting.stream().filter(request -> request.groupId() == groupId).findFirst();
    unread.ifPresent(waiting::remove);
    return unread.flatMap(GroupRequest::prefix);
  }

  private void remove(RunningGroup group) {
    group.close();
    Running now = running.orElseThrow();
    shrink(now, now.groups().stream().filter(other -> other != group).toList());
  }

  @Override
  public void update(WeightUpdate update) {
    store.verify(update.location(), update.digest());
    NetworkWeights fresh =
        store.load(update.location(), weights.layout(), settings.precision(), manager);
    weights.close();
    weights = fresh;
    version = update.version();
    count("weight_updates", 1);
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  @Override
  public Map<String, Double> counters() {
    return Map.copyOf(counters);
  }

  private void count(String name, double amount) {
    counters.merge(name, amount, Double::sum);
  }

  private void time(String phase, Runnable work) {
    long start = System.nanoTime();
    work.run();
    count(phase + "_seconds", (System.nanoTime() - start) * 1e-9);
  }

  @Override
  public void close() {
    running.ifPresent(now -> now.batch().close());
    script.close();
    weights.close();
    manager.close();
  }
}
