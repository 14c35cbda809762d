package krites.rollout;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Precision;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;
import krites.model.tokenizer.StopTokens;
import krites.model.torchscript.TorchRuntime;
import krites.model.weights.WeightStore;

/**
 * The rollout engine on the network: a batch of sequences that never waits for its slowest.
 *
 * <p>A step is one of two: reading the next pieces of prompts that wait, up to a number of tokens,
 * or decoding one chunk of tokens of every sequence in the batch. They take turns while both have
 * something to do, once the batch is half full: sequences that could decode wait for others as long
 * as those outnumber them. Between two steps responses that ended leave the batch and others take
 * their place, whatever group they belong to. New weights take effect with the next step; sequences
 * in the batch go on under them with the keys and values that they have, prompts that are being
 * read are read anew.
 */
public final class DjlRolloutEngine implements RolloutEngine {
  /**
   * Bytes of prompts and image embeddings that are kept for reuse, if the budget has room for them:
   * some thousand tokens of a network of half a billion parameters.
   */
  private static final long REUSE_BYTES = 256L << 20;

  private static final double MEBIBYTE = 1 << 20;

  private final Settings settings;
  private final PromptEncoder encoder;
  private final Optional<WeightStore> store;
  private final NDManager manager;
  private final WeightLayout layout;
  private final RolloutNetwork network;
  private final DecodeBatch.Vocabulary vocabulary;
  private final KvBudget budget;
  private final ReuseCache cache;
  private final SharedPrompts prompts;
  private final VisionCache vision;
  private final DecodeBatch batch;
  private final Admission admission;
  private final PromptReader reader;
  private final PrefillQueue queue;
  private final List<RunningGroup> running = new ArrayList<>();
  private final Map<String, Double> counters = new LinkedHashMap<>();
  private PolicyVersion version;
  private boolean decodesNext;

  /**
   * How the engine works.
   *
   * @param groups training groups in flight at once
   * @param groupSize responses of a training group; groups of other sizes share the same {@code
   *     groups * groupSize} places
   * @param chunkTokens tokens decoded per step
   * @param prefillTokens prompt tokens read per step at most
   * @param kvCacheBytes memory for keys and values; 0 is enough for all places at the lengths that
   *     come
   * @param threads native threads of one operator
   * @param precision number type of weights, activations and caches
   * @param device on which it computes
   */
  public record Settings(
      int groups,
      int groupSize,
      int chunkTokens,
      int prefillTokens,
      long kvCacheBytes,
      int threads,
      Precision precision,
      Device device) {
    /** Prompt tokens read per step where nothing else is said. */
    public static final int PREFILL_TOKENS = 2048;

    public Settings {
      if (groups < 1
          || groupSize < 1
          || chunkTokens < 1
          || prefillTokens < 1
          || kvCacheBytes < 0
          || threads < 1) {
        throw new IllegalArgumentException(
            "groups "
                + groups
                + ", group size "
                + groupSize
                + ", chunk tokens "
                + chunkTokens
                + ", prefill tokens "
                + prefillTokens
                + " and threads "
                + threads
                + " must be at least 1, key-value bytes "
                + kvCacheBytes
                + " at least 0");
      }
    }

    /** Settings with the usual reading and as much memory as the places need. */
    public Settings(
        int groups,
        int groupSize,
        int chunkTokens,
        int threads,
        Precision precision,
        Device device) {
      this(groups, groupSize, chunkTokens, PREFILL_TOKENS, 0, threads, precision, device);
    }

    int places() {
      return Math.multiplyExact(groups, groupSize);
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
    this(model, version, settings, encoder, Optional.of(store));
  }

  /**
   * Loads a model directory whose weights stay as they are: {@link #update} is refused. Call it on
   * the thread that will drive the engine.
   */
  public DjlRolloutEngine(Path model, Settings settings, PromptEncoder encoder) {
    this(model, new PolicyVersion(0, 0), settings, encoder, Optional.empty());
  }

  private DjlRolloutEngine(
      Path model,
      PolicyVersion version,
      Settings settings,
      PromptEncoder encoder,
      Optional<WeightStore> store) {
    TorchRuntime.prepareThread(settings.threads(), false);
    this.settings = settings;
    this.encoder = encoder;
    this.store = store;
    this.version = version;
    Qwen25VlConfig config = Qwen25VlConfig.load(model);
    this.manager = NDManager.newBaseManager(settings.device(), "PyTorch");
    NetworkWeights weights = NetworkWeights.map(model, config, settings.precision(), manager);
    this.layout = weights.layout();
    this.network = new RolloutNetwork(config, weights, manager);
    this.vocabulary =
        DecodeBatch.Vocabulary.of(config, encoder.tokenizer(), StopTokens.load(model));
    this.budget = new KvBudget(network.tokenBytes(), settings.kvCacheBytes());
    this.cache = new ReuseCache(budget, REUSE_BYTES);
    this.prompts = new SharedPrompts(network, budget, cache);
    this.vision = new VisionCache(network, budget, cache);
    this.batch = new DecodeBatch(network, vocabulary, budget);
    this.admission =
        new Admission(
            network,
            budget,
            cache,
            prompts,
            batch,
            settings.groups(),
            settings.places(),
            settings.kvCacheBytes() == 0);
    this.reader = new PromptReader(network, vision);
    this.queue = new PrefillQueue(encoder, config, admission);
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
    return queue.size() + running.size();
  }

  @Override
  public void start(GroupRequest request) {
    int free = freePlaces();
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
    queue.add(request);
  }

  /** Responses that could be started now. */
  int freePlaces() {
    int taken = running.stream().mapToInt(group -> group.rows().size()).sum();
    return settings.places() - queue.places() - taken;
  }

  /** Sequences that the next chunk decodes. */
  public int decoding() {
    return batch.size();
  }

  @Override
  public List<RolloutOutcome> step() {
    List<RolloutOutcome> outcomes = new ArrayList<>();
    boolean reads = queue.size() > 0 && !(decodesNext && outnumberWaiting());
    if (reads && time("prefill", () -> read(outcomes))) {
      decodesNext = true;
    } else if (batch.size() > 0) {
      time("decode", () -> decode(outcomes));
      decodesNext = false;
    }
    return outcomes;
  }

  /**
   * Whether the batch is worth a turn: a chunk takes nearly as long for half of the sequences, so
   * it waits for those that are soon to join. Where few wait, many are not held up by a long
   * prompt.
   */
  private boolean outnumberWaiting() {
    int joining = Math.min(queue.places(), settings.places() - batch.size());
    return batch.size() > joining;
  }

  /** Reads pieces of prompts; whether anything came of it. */
  private boolean read(List<RolloutOutcome> outcomes) {
    List<RunningGroup> admitted = new ArrayList<>();
    List<PromptReader.Piece> pieces = queue.pieces(settings.prefillTokens(), outcomes, admitted);
    for (RunningGroup group : admitted) {
      List<RunningRow> open = group.openRows();
      count("continued_tokens", open.stream().mapToInt(RunningRow::length).sum());
      boolean readsPrompt = !group.readings().isEmpty() && group.readings().getFirst().place() == 0;
      count("prompt_tokens", readsPrompt ? group.prompt().length() : 0);
    }
    if (!pieces.isEmpty()) {
      reader.read(pieces);
    }
    List<RunningGroup> placed = queue.place();
    running.addAll(placed);
    return !pieces.isEmpty() || !placed.isEmpty() || !outcomes.isEmpty();
  }

  private boolean decode(List<RolloutOutcome> outcomes) {
    List<Sequence> rows = batch.rows();
    // Whose limit comes first ends the chunk: its place is free at once, and nothing is computed
    // behind it. That is at most one more call for each response.
    int left = rows.stream().mapToInt(row -> row.end() - row.length()).min().orElseThrow();
    DecodeBatch.Chunk chunk = batch.decode(Math.min(settings.chunkTokens(), left), new float[0]);
    int taken = 0;
    for (int r = 0; r < rows.size(); r++) {
      taken += ((RunningRow) rows.get(r)).take(chunk, r, vocabulary, version);
    }
    count("response_tokens", taken);
    count("discarded_tokens", rows.size() * chunk.length() - taken);
    count("narrowing_nats", narrowing(chunk));
    leave();
    running.removeIf(
        group -> {
          Optional<RolloutOutcome> outcome = group.outcome(encoder.tokenizer());
          outcome.ifPresent(
              ended -> {
                outcomes.add(ended);
                admission.release(group);
              });
          return outcome.isPresent();
        });
    releaseTable();
    return true;
  }

  /** How much likelier the tokens were where they were drawn; what lies behind an end is 0. */
  private static double narrowing(DecodeBatch.Chunk chunk) {
    double sum = 0;
    for (int i = 0; i < chunk.logProbs().length; i++) {
      sum += (double) chunk.drawnLogProbs()[i] - chunk.logProbs()[i];
    }
    return sum;
  }

  /** Responses that are closed leave the batch. */
  private void leave() {
    batch.removeIf(row -> !((RunningRow) row).open());
  }

  private void releaseTable() {
    if (batch.size() == 0 && !queue.holdsMemory()) {
      admission.releaseTable();
    }
  }

  @Override
  public void cancel(long groupId) {
    if (!queue.remove(groupId)) {
      runningGroup(groupId)
          .ifPresent(
              group -> {
                count("aborted_tokens", group.freshTokens());
                remove(group);
              });
    }
  }

  @Override
  public Optional<PartialGroup> cut(long groupId) {
    Optional<PartialGroup> partial = progress(groupId);
    if (!queue.remove(groupId)) {
      runningGroup(groupId).ifPresent(this::remove);
    }
    return partial;
  }

  /**
   * A look at a group as far as it is; it goes on. For showing responses while they are sampled.
   *
   * @return empty when the group is unknown, or has not begun and had no prefix
   */
  public Optional<PartialGroup> progress(long groupId) {
    return runningGroup(groupId).map(RunningGroup::partial).or(() -> queue.progress(groupId));
  }

  private Optional<RunningGroup> runningGroup(long groupId) {
    return running.stream().filter(group -> group.id() == groupId).findFirst();
  }

  private void remove(RunningGroup group) {
    group.close();
    leave();
    running.remove(group);
    admission.release(group);
    releaseTable();
  }

  @Override
  public void update(WeightUpdate update) {
    WeightStore published =
        store.orElseThrow(
            () -> new IllegalStateException("an engine without a weight store was sent weights"));
    published.verify(update.location(), update.digest());
    network.take(published.load(update.location(), layout, settings.precision(), manager));
    forget();
    queue.restart();
    version = update.version();
    count("weight_updates", 1);
  }

  /** Gives up what is kept for reuse, as new weights do: for measurements that repeat a prompt. */
  public void forget() {
    prompts.forget();
    cache.clear();
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  @Override
  public Map<String, Double> counters() {
    Map<String, Double> all = new LinkedHashMap<>(counters);
    all.put("prompt_hits", (double) admission.hits());
    all.put("images_encoded", (double) vision.encoded());
    all.put("image_hits", (double) vision.hits());
    all.put("kv_budget_mib", budget.limitBytes() / MEBIBYTE);
    all.put("kv_peak_mib", budget.peakBytes() / MEBIBYTE);
    return Map.copyOf(all);
  }

  private void count(String name, double amount) {
    counters.merge(name, amount, Double::sum);
  }

  private boolean time(String phase, BooleanSupplier work) {
    long start = System.nanoTime();
    boolean done = work.getAsBoolean();
    count(phase + "_seconds", (System.nanoTime() - start) * 1e-9);
    return done;
  }

  @Override
  public void close() {
    batch.close();
    prompts.close();
    cache.close();
    network.close();
    manager.close();
  }
}
