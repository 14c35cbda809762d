package krites.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.PartialResponse;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.Sampling;
import krites.grpo.TokenVersions;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;

/**
 * A rollout engine that takes its time and says nothing: groups that wait are read together, then
 * decoded in chunks of positions, and rows that ended leave the batch when they are a quarter of
 * it, as in the real one.
 *
 * <p>How long a response gets follows from the seed of its group alone, so that the same prompt
 * gets the same lengths whatever else differs between two simulations.
 */
final class ModelledEngine implements RolloutEngine {
  /**
   * How the engine is cut to size.
   *
   * @param groups training groups in flight at once
   * @param groupSize responses of a training group
   * @param chunkTokens positions decoded in one step
   */
  record Size(int groups, int groupSize, int chunkTokens) {}

  /** One response under way. */
  private static final class Row {
    private final int length;
    private final int pause; // where the token budget ends
    private int position;
    private TokenVersions versions;

    private Row(int length, int pause, TokenVersions versions) {
      this.length = length;
      this.pause = pause;
      this.position = versions.length();
      this.versions = versions;
    }

    private void take(int tokens, PolicyVersion version) {
      if (tokens > 0) {
        position += tokens;
        versions = versions.concat(TokenVersions.of(version, tokens));
      }
    }

    private boolean ended() {
      return position >= length;
    }

    private boolean rests() {
      return position >= Math.min(length, pause);
    }
  }

  private record Flight(GroupRequest request, int promptTokens, List<Row> rows) {
    /** Whether this sitting is over. */
    boolean rests() {
      return rows.stream().allMatch(Row::rests);
    }

    boolean ended() {
      return rows.stream().allMatch(Row::ended);
    }
  }

  private final Machine machine;
  private final DeviceModel model;
  private final Size size;
  private final ModelledWeights weights;
  private final Tokens tokens;
  private final double slowness;
  private final Deque<GroupRequest> waiting = new ArrayDeque<>();
  private final Map<Long, Flight> flights = new LinkedHashMap<>();
  private final TreeMap<String, Double> counters = new TreeMap<>();
  private int rowsInBatch;
  private PolicyVersion version = new PolicyVersion(0, 0);

  ModelledEngine(
      Machine machine, DeviceModel model, Size size, ModelledWeights weights, Tokens tokens) {
    this.machine = machine;
    this.model = model;
    this.size = size;
    this.weights = weights;
    this.tokens = tokens;
    Node node = machine.workingNode();
    DeviceModel.Rollout rollout = model.rollout();
    boolean isStraggler =
        Draws.uniform(Draws.seed(node.seed(), "straggler")) < rollout.stragglerShare();
    this.slowness =
        Math.exp(rollout.workerSpread() * Draws.normal(Draws.seed(node.seed(), "speed")))
            * (isStraggler ? rollout.stragglerFactor() : 1);
    node.restartedAt(machine.loop().nanos());
    machine.work(rollout.loadSeconds());
  }

  @Override
  public int capacity() {
    return size.groups();
  }

  @Override
  public int capacity(int groupSize) {
    return Math.max(1, size.groups() * size.groupSize() / groupSize);
  }

  @Override
  public int active() {
    return waiting.size() + flights.size();
  }

  @Override
  public void start(GroupRequest request) {
    machine.work(0);
    waiting.add(request);
  }

  @Override
  public List<RolloutOutcome> step() {
    List<RolloutOutcome> outcomes = new ArrayList<>();
    if (!flights.isEmpty()) {
      decode(outcomes);
    } else if (!waiting.isEmpty()) {
      prefill(outcomes);
    }
    return outcomes;
  }

  private void prefill(List<RolloutOutcome> outcomes) {
    Sampling sampling = waiting.getFirst().sampling();
    List<GroupRequest> alike =
        waiting.stream().filter(request -> request.sampling().equals(sampling)).toList();
    waiting.removeIf(request -> request.sampling().equals(sampling));
    int read = 0;
    // A group that goes on is read again whole: prompt and what it has so far.
    for (GroupRequest request : alike) {
      if (isStruck(FaultKind.PROMPT_ERROR, request)) {
        outcomes.add(
            new RolloutOutcome.Failed(
                request.groupId(), "prompt " + request.prompt().id() + " cannot be read"));
        continue;
      }
      if (isStruck(FaultKind.POISON, request)) {
        throw new NodeLost(machine.workingNode().name(), FaultKind.POISON);
      }
      Flight flight = flight(request);
      flights.put(request.groupId(), flight);
      read += flight.promptTokens() + flight.rows().stream().mapToInt(row -> row.position).sum();
    }
    rowsInBatch = flights.values().stream().mapToInt(flight -> flight.rows().size()).sum();
    count("prompt_tokens", read);
    work("prefill", read / model.rollout().prefillTokensPerSecond());
  }

  private boolean isStruck(FaultKind kind, GroupRequest request) {
    double share = machine.plan().rate(kind);
    long luck = Draws.seed(Draws.seed(machine.seed(), kind.word()), request.prompt().id());
    boolean struck = share > 0 && Draws.uniform(luck) < share;
    if (struck) {
      machine.struck(kind, 0, request.prompt().id());
    }
    return struck;
  }

  private Flight flight(GroupRequest request) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < request.sampling().groupSize(); i++) {
      long length =
          Math.round(model.rollout().responseTokens().draw(Draws.seed(request.seed(), i)));
      int row = i;
      TokenVersions before =
          request
              .prefix()
              .map(partial -> partial.responses().get(row).versions())
              .orElse(TokenVersions.NONE);
      int budget = request.tokenBudget();
      rows.add(
          new Row(
              (int) Math.clamp(length, 1, request.sampling().maxNewTokens()),
              budget == 0 ? Integer.MAX_VALUE : before.length() + budget,
              before));
    }
    long prompt =
        Math.round(
            model.rollout().promptTokens().draw(Draws.seed(machine.seed(), request.prompt().id())));
    return new Flight(request, (int) Math.clamp(prompt, 1, Integer.MAX_VALUE), rows);
  }

  private void decode(List<RolloutOutcome> outcomes) {
    int sampled = 0;
    int longest = 0;
    for (Flight flight : flights.values()) {
      for (Row row : flight.rows()) {
        int left = Math.min(row.length, row.pause) - row.position;
        int taken = Math.clamp(left, 0, size.chunkTokens());
        row.take(taken, version);
        sampled += taken;
        longest = Math.max(longest, taken);
      }
    }
    count("response_tokens", sampled);
    DeviceModel.Rollout rollout = model.rollout();
    work("decode", longest * (rollout.stepSeconds() + rowsInBatch * rollout.rowSeconds()));
    flights
        .values()
        .removeIf(
            flight -> {
              if (flight.ended()) {
                outcomes.add(new RolloutOutcome.Finished(group(flight)));
              } else if (flight.rests()) {
                outcomes.add(new RolloutOutcome.Cut(partial(flight)));
              }
              return flight.rests();
            });
    shrink();
  }

  /** Ended rows leave the batch when they are a quarter of it; until then they cost time. */
  private void shrink() {
    int open =
        (int)
            flights.values().stream()
                .flatMap(flight -> flight.rows().stream())
                .filter(row -> !row.rests())
                .count();
    if (open * 4 <= rowsInBatch * 3) {
      rowsInBatch = open;
    }
  }

  private Group group(Flight flight) {
    List<Response> responses =
        flight.rows().stream().map(row -> response(flight.request(), row)).toList();
    return new Group(
        flight.request().groupId(),
        flight.request().prompt(),
        new EncodedPrompt(tokens.ids(flight.promptTokens()), List.of()),
        responses);
  }

  private Response response(GroupRequest request, Row row) {
    return new Response(
        tokens.ids(row.length),
        tokens.logProbs(row.length),
        finish(request, row),
        "",
        row.versions);
  }

  private static FinishReason finish(GroupRequest request, Row row) {
    return row.length >= request.sampling().maxNewTokens()
        ? FinishReason.LENGTH
        : FinishReason.STOP;
  }

  private PartialGroup partial(Flight flight) {
    List<PartialResponse> responses =
        flight.rows().stream()
            .map(
                row ->
                    new PartialResponse(
                        tokens.ids(row.position),
                        tokens.logProbs(row.position),
                        row.versions,
                        row.ended()
                            ? Optional.of(finish(flight.request(), row))
                            : Optional.empty()))
            .toList();
    return new PartialGroup(
        flight.request().groupId(),
        flight.request().prompt(),
        new EncodedPrompt(tokens.ids(flight.promptTokens()), List.of()),
        responses);
  }

  @Override
  public void cancel(long groupId) {
    waiting.removeIf(request -> request.groupId() == groupId);
    flights.remove(groupId);
    shrink();
  }

  @Override
  public Optional<PartialGroup> cut(long groupId) {
    Optional<PartialGroup> unread =
        waiting.stream()
            .filter(request -> request.groupId() == groupId)
            .findFirst()
            .flatMap(GroupRequest::prefix);
    Optional<PartialGroup> read =
        Optional.ofNullable(flights.get(groupId)).map(ModelledEngine.this::partial);
    cancel(groupId);
    return read.or(() -> unread);
  }

  @Override
  public void update(WeightUpdate update) {
    machine.work(model.rollout().updateSeconds());
    weights.requireVerified(update);
    version = update.version();
    count("weight_updates", 1);
  }

  @Override
  public PolicyVersion version() {
    return version;
  }

  /** Asked for in each report: a node that died with nothing to do is missed by then. */
  @Override
  public Map<String, Double> counters() {
    machine.work(0);
    return Map.copyOf(counters);
  }

  @Override
  public void close() {}

  private void work(String phase, double seconds) {
    double slow = seconds * slowness;
    count(phase + "_seconds", slow);
    machine.work(slow);
  }

  private void count(String name, double amount) {
    counters.merge(name, amount, Double::sum);
  }
}
