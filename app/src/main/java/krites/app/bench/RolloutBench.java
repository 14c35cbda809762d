package krites.app.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import krites.app.ResidentMemory;
import krites.grpo.Group;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Sampling;
import krites.grpo.TokenIds;
import krites.grpo.port.GroupRequest;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.Precision;
import krites.model.torchscript.NativeCeilings;
import krites.model.torchscript.TorchRuntime;
import krites.rollout.DjlRolloutEngine;

/**
 * Rounds of rollout work. In each round every variant is opened, warmed up, measured and closed, so
 * that all meet the same noise and none holds memory while another is measured.
 */
final class RolloutBench {
  /** What there is to do. */
  enum Work {
    DECODE,
    PREFILL,
    GROUP,
    TAIL
  }

  /** Prompts that are read together, and responses of the group that shares one. */
  private static final int PROMPTS = 8;

  private static final String TOKENS = "tokens_per_second";
  private static final int PREFILL_TOKENS = 512;
  private static final int WARM_UP_TOKENS = 2;
  private static final int CHECKED_TOKENS = 4;
  private static final int CEILING_REPEATS = 2;

  /** Much more than any cache of today holds. */
  private static final long CEILING_BYTES = 1L << 29;

  /** Requests of the long tail for each place of the batch: few enough that the end still shows. */
  private static final int TAIL_FACTOR = 8;

  /** Longest response of the tail, by the length that was asked for; the shortest is a quarter. */
  private static final int TAIL_MOST = 8;

  private final BenchModel model;
  private final Options options;
  private final BenchPrompts prompts;
  private final NetworkCost cost;
  private final Consumer<String> progress;
  private final Findings findings = new Findings();
  private final Map<Precision, Ceiling> ceilings = new HashMap<>();

  /**
   * What is measured.
   *
   * @param batches sequences that decode together
   * @param tailBatch places that the long tail shares
   */
  record Options(
      Set<Work> work,
      List<Integer> batches,
      int promptTokens,
      int newTokens,
      int tailBatch,
      List<Precision> precisions,
      boolean engine,
      boolean twin,
      int chunkTokens,
      int threads,
      int rounds,
      boolean ceilings,
      Device device) {
    Options {
      work = Set.copyOf(work);
      batches = List.copyOf(batches);
      precisions = List.copyOf(precisions);
    }

    /** Prompt tokens that are read at once: those of the largest batch. */
    int prefillTokens() {
      int most = batches.stream().mapToInt(Integer::intValue).max().orElse(1);
      return Math.max(DjlRolloutEngine.Settings.PREFILL_TOKENS, most * promptTokens);
    }

    /** Sequences in flight at the most. */
    int sequences() {
      int most = batches.stream().mapToInt(Integer::intValue).max().orElse(1);
      return Math.max(Math.max(most, tailBatch), PROMPTS);
    }
  }

  /** The best that the native library does on this machine. */
  record Ceiling(double bytesPerSecond, double operationsPerSecond) {}

  RolloutBench(BenchModel model, Options options, BenchPrompts prompts, Consumer<String> progress) {
    this.model = model;
    this.options = options;
    this.prompts = prompts;
    this.cost = new NetworkCost(model.config());
    this.progress = progress;
  }

  Findings run() {
    for (int round = 1; round <= options.rounds(); round++) {
      for (Precision precision : options.precisions()) {
        if (options.engine()) {
          String at = "round " + round + " of " + options.rounds();
          progress.accept(at + ": " + EngineVariant.name(precision));
          engineRound(precision);
        }
      }
      if (options.twin()) {
        progress.accept("round " + round + " of " + options.rounds() + ": " + TwinVariant.NAME);
        twinRound();
      }
    }
    compare();
    return findings;
  }

  /** The best of each that was seen anywhere in the rounds. */
  Map<Precision, Ceiling> ceilings() {
    return Map.copyOf(ceilings);
  }

  /** Bytes per second, now; 0 if they are not wanted. */
  private double bandwidth(Precision precision) {
    return ceiling(
        precision,
        measured -> {
          Precision computed = computed(precision);
          return new Ceiling(
              measured.readBytesPerSecond(CEILING_BYTES, computed.scalarType(), computed.bytes()),
              0);
        },
        Ceiling::bytesPerSecond);
  }

  /** Operations per second, now; 0 if they are not wanted. */
  private double products(Precision precision) {
    return ceiling(
        precision,
        measured -> new Ceiling(0, measured.operationsPerSecond(computed(precision).scalarType())),
        Ceiling::operationsPerSecond);
  }

  /** The type that products of a variant are in; its ceilings are those of this type. */
  private Precision computed(Precision precision) {
    return Kernels.fastest(options.device(), precision).computed(precision);
  }

  private double ceiling(
      Precision precision,
      Function<NativeCeilings, Ceiling> measure,
      ToDoubleFunction<Ceiling> wanted) {
    if (!options.ceilings()) {
      return 0;
    }
    TorchRuntime.prepareThread(options.threads(), false);
    try (NDManager manager = NDManager.newBaseManager(options.device(), "PyTorch");
        NativeCeilings measured = new NativeCeilings(manager, CEILING_REPEATS)) {
      Ceiling now = measure.apply(measured);
      ceilings.merge(
          precision,
          now,
          (a, b) ->
              new Ceiling(
                  Math.max(a.bytesPerSecond(), b.bytesPerSecond()),
                  Math.max(a.operationsPerSecond(), b.operationsPerSecond())));
      return wanted.applyAsDouble(now);
    }
  }

  private void engineRound(Precision precision) {
    ResidentMemory.forgetPeak();
    EngineVariant.Setup setup =
        new EngineVariant.Setup(
            options.sequences(),
            options.chunkTokens(),
            options.prefillTokens(),
            options.threads(),
            precision,
            options.device());
    try (EngineVariant engine = new EngineVariant(model, setup, prompts)) {
      shared(engine);
      if (options.work().contains(Work.GROUP)) {
        group(engine);
      }
      if (options.work().contains(Work.TAIL)) {
        tail(engine);
      }
    }
  }

  private void twinRound() {
    ResidentMemory.forgetPeak();
    try (TwinVariant twin = new TwinVariant(model, options.threads(), options.device(), prompts)) {
      shared(twin);
    }
  }

  /** What engine and twin both do. */
  private void shared(RolloutVariant variant) {
    if (options.work().contains(Work.DECODE)) {
      options.batches().forEach(batch -> decode(variant, batch));
    }
    if (options.work().contains(Work.PREFILL)) {
      prefill(variant);
    }
    findings.add(
        "all of it", variant.name(), "peak_memory_bytes", ResidentMemory.now().peakBytes());
  }

  private void decode(RolloutVariant variant, int batch) {
    List<Prompt> asked = prompts(0, batch, options.promptTokens(), false);
    variant.decode(asked, WARM_UP_TOKENS);
    double before = bandwidth(variant.precision());
    RolloutVariant.Decoded decoded = variant.decode(asked, options.newTokens());
    double ceiling = Math.max(before, bandwidth(variant.precision()));
    String work =
        "decode " + batch + " x " + options.newTokens() + " after " + options.promptTokens();
    double stepSeconds = decoded.seconds() / options.newTokens();
    findings.add(work, variant.name(), TOKENS, decoded.tokens() / decoded.seconds());
    findings.add(work, variant.name(), "step_milliseconds", stepSeconds * 1e3);
    double context = options.promptTokens() + options.newTokens() / 2.0;
    int weightBytes = computed(variant.precision()).bytes();
    double bytes = cost.bytesPerStep(batch, context, variant.precision(), weightBytes);
    rate(work, variant, "read_bytes_per_second", bytes / stepSeconds, "bandwidth_share", ceiling);
  }

  private void prefill(RolloutVariant variant) {
    // Other prompts than those that are measured: an engine may remember what it has read.
    variant.prefill(prompts(1000, PROMPTS, PREFILL_TOKENS, false));
    double before = products(variant.precision());
    double seconds = variant.prefill(prompts(2000, PROMPTS, PREFILL_TOKENS, false));
    double ceiling = Math.max(before, products(variant.precision()));
    String work = "prefill " + PROMPTS + " x " + PREFILL_TOKENS;
    double tokens = (double) PROMPTS * PREFILL_TOKENS;
    findings.add(work, variant.name(), TOKENS, tokens / seconds);
    double operations = cost.prefillOperations(PROMPTS, PREFILL_TOKENS);
    rate(work, variant, "operations_per_second", operations / seconds, "gemm_share", ceiling);
  }

  /** What was reached, and its share of what the machine reached just before or after. */
  private void rate(
      String work, RolloutVariant variant, String name, double rate, String share, double ceiling) {
    findings.add(work, variant.name(), name, rate);
    if (ceiling > 0) {
      findings.add(work, variant.name(), share, rate / ceiling);
    }
  }

  /** One prompt with a picture for a whole group, against as many prompts with their own. */
  private void group(EngineVariant engine) {
    Sampling one = EngineVariant.sampling(1, 1);
    Sampling all = EngineVariant.sampling(PROMPTS, 1);
    engine.run(List.of(engine.request(prompts(3000, 1, PREFILL_TOKENS, true).getFirst(), all, 1)));
    double before = engine.counter("prefill_seconds");
    engine.run(List.of(engine.request(prompts(3100, 1, PREFILL_TOKENS, true).getFirst(), all, 1)));
    double between = engine.counter("prefill_seconds");
    engine.run(
        prompts(3200, PROMPTS, PREFILL_TOKENS, true).stream()
            .map(prompt -> engine.request(prompt, one, 1))
            .toList());
    double after = engine.counter("prefill_seconds");
    String work = "group of " + PROMPTS + " on " + PREFILL_TOKENS + " tokens with a picture";
    findings.add(work, engine.name(), "prefill_seconds", between - before);
    findings.add(work, engine.name(), "separate_seconds", after - between);
    findings.add(
        work, engine.name(), "separate_over_group_ratio", (after - between) / (between - before));
    findings.add(work, engine.name(), "log_prob_difference", logProbDifference(engine));
  }

  /** The most likely tokens of a group of eight and of the same prompt asked alone. */
  private double logProbDifference(EngineVariant engine) {
    Prompt prompt = prompts(3300, 1, PREFILL_TOKENS, true).getFirst();
    Sampling together = new Sampling(PROMPTS, 0f, 1f, 0, 1f, CHECKED_TOKENS);
    Group group = engine.run(List.of(engine.request(prompt, together, 1))).getFirst();
    Sampling alone = Sampling.greedy(CHECKED_TOKENS);
    Response single =
        engine.run(List.of(engine.request(prompt, alone, 1))).getFirst().responses().getFirst();
    double most = 0;
    for (Response response : group.responses()) {
      for (int i = 0; i < CHECKED_TOKENS && response.ids().at(i) == single.ids().at(i); i++) {
        double difference = response.behaviourLogProbs().at(i) - single.behaviourLogProbs().at(i);
        most = Math.max(most, Math.abs(difference));
      }
    }
    return most;
  }

  /**
   * Responses of long-tailed lengths: places refilled at once, against batches that wait for their
   * longest response.
   */
  private void tail(EngineVariant engine) {
    int batch = options.tailBatch();
    int count = TAIL_FACTOR * batch;
    List<Prompt> asked = prompts(4000, count, options.promptTokens(), false);
    int[] lengths = tailLengths(count, options.newTokens());
    Map<Integer, TokenIds> continuous = new HashMap<>();
    long start = System.nanoTime();
    tokens(engine, asked, lengths, 0, count, continuous);
    double refilled = (System.nanoTime() - start) / 1e9;
    Map<Integer, TokenIds> fixed = new HashMap<>();
    start = System.nanoTime();
    for (int from = 0; from < count; from += batch) {
      tokens(engine, asked, lengths, from, from + batch, fixed);
    }
    double waited = (System.nanoTime() - start) / 1e9;
    long tokens = IntStream.of(lengths).sum();
    String work = "long tail, " + count + " responses in " + batch + " places";
    findings.add(work, engine.name(), TOKENS, tokens / refilled);
    findings.add(work, engine.name(), "fixed_tokens_per_second", tokens / waited);
    findings.add(work, engine.name(), "continuous_over_fixed_ratio", waited / refilled);
    long same =
        continuous.entrySet().stream()
            .filter(entry -> Objects.equals(entry.getValue(), fixed.get(entry.getKey())))
            .count();
    findings.add(work, engine.name(), "same_tokens_share", (double) same / count);
  }

  /** Lengths between a quarter and eight times of what was asked for; half are below a half. */
  static int[] tailLengths(int count, int newTokens) {
    SplittableRandom random = new SplittableRandom(1);
    int[] lengths = new int[count];
    for (int i = 0; i < count; i++) {
      double length = newTokens / 4.0 / (1 - random.nextDouble());
      lengths[i] = (int) Math.max(1, Math.min(length, (double) TAIL_MOST * newTokens));
    }
    return lengths;
  }

  private void tokens(
      EngineVariant engine,
      List<Prompt> asked,
      int[] lengths,
      int from,
      int to,
      Map<Integer, TokenIds> found) {
    List<GroupRequest> requests = new ArrayList<>();
    Map<Long, Integer> numbers = new HashMap<>();
    for (int i = from; i < to; i++) {
      GroupRequest request = engine.request(asked.get(i), EngineVariant.sampling(1, lengths[i]), i);
      numbers.put(request.groupId(), i);
      requests.add(request);
    }
    // The engine has more places than the tail may use; the driver keeps to the tail's own.
    for (Group group : engine.run(requests, options.tailBatch())) {
      found.put(
          Objects.requireNonNull(numbers.get(group.id())), group.responses().getFirst().ids());
    }
  }

  private List<Prompt> prompts(int first, int count, int tokens, boolean picture) {
    return IntStream.range(first, first + count)
        .mapToObj(number -> prompts.prompt(number, tokens, picture))
        .toList();
  }

  /** How much faster the engine is than the twin. */
  private void compare() {
    for (Findings.Subject subject : findings.subjects()) {
      if (!subject.variant().equals(TwinVariant.NAME)) {
        overTwin(subject);
      }
    }
  }

  private void overTwin(Findings.Subject subject) {
    Optional<Samples> ours = findings.of(subject.work(), subject.variant(), TOKENS);
    Optional<Samples> twin = findings.of(subject.work(), TwinVariant.NAME, TOKENS);
    if (ours.isPresent() && twin.isPresent()) {
      ours.get()
          .over(twin.get())
          .values()
          .forEach(
              ratio ->
                  findings.add(subject.work(), subject.variant(), "over_ndarray_ratio", ratio));
    }
  }
}
