package krites.actors;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PartialGroup;
import krites.grpo.PartialResponse;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;

/**
 * An engine without a network: a token follows from the seed of the group, its place and the digest
 * of the weights that made it, so two runs that agree in these agree in everything. A step makes
 * two tokens of every response in flight.
 */
final class FakeEngine implements RolloutEngine {
  private static final int TOKENS_PER_STEP = 2;
  private static final EncodedPrompt ENCODED = new EncodedPrompt(TokenIds.of(1, 2, 3), List.of());

  /** A response and how long it will be. */
  private record Row(int index, PartialResponse so, int begun, int length) {
    boolean open(int budget) {
      return so.finish().isEmpty() && (budget == 0 || so.ids().length() - begun < budget);
    }
  }

  private record Flight(GroupRequest request, List<Row> rows) {}

  private final World world;
  private final int capacity;
  private final Consumer<GroupRequest> onStart;
  private final Map<Long, Flight> flights = new LinkedHashMap<>();
  private WeightUpdate weights = new WeightUpdate(new PolicyVersion(0, 0), "none", "none");
  private double steps;

  FakeEngine(World world, int capacity, Consumer<GroupRequest> onStart) {
    this.world = world;
    this.capacity = capacity;
    this.onStart = onStart;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public int capacity(int groupSize) {
    return Math.max(1, capacity * 4 / groupSize);
  }

  @Override
  public int active() {
    return flights.size();
  }

  @Override
  public void start(GroupRequest request) {
    onStart.accept(request);
    int rows =
        flights.values().stream().mapToInt(flight -> flight.request().sampling().groupSize()).sum();
    if (rows + request.sampling().groupSize() > 4 * capacity) {
      throw new AssertionError("more rows than there is room for");
    }
    flights.put(
        request.groupId(),
        new Flight(
            request,
            IntStream.range(0, request.sampling().groupSize())
                .mapToObj(index -> row(request, index))
                .toList()));
    world.requests.add(request);
  }

  private static Row row(GroupRequest request, int index) {
    PartialResponse so =
        request
            .prefix()
            .map(partial -> partial.responses().get(index))
            .orElseGet(
                () ->
                    new PartialResponse(
                        TokenIds.of(), LogProbs.of(), TokenVersions.NONE, Optional.empty()));
    Random random = new Random(request.seed() * 31 + index);
    return new Row(
        index, so, so.ids().length(), 1 + random.nextInt(request.sampling().maxNewTokens()));
  }

  @Override
  public List<RolloutOutcome> step() {
    List<RolloutOutcome> outcomes = new ArrayList<>();
    if (world.rolloutRests) {
      return outcomes;
    }
    steps++;
    for (Flight flight : List.copyOf(flights.values())) {
      GroupRequest request = flight.request();
      List<Row> rows = new ArrayList<>(flight.rows());
      for (int token = 0; token < TOKENS_PER_STEP; token++) {
        rows.replaceAll(row -> row.open(request.tokenBudget()) ? longer(row, request) : row);
      }
      Flight now = new Flight(request, rows);
      if (rows.stream().anyMatch(row -> row.open(request.tokenBudget()))) {
        flights.put(request.groupId(), now);
      } else {
        flights.remove(request.groupId());
        outcomes.add(outcome(now));
      }
    }
    return outcomes;
  }

  private Row longer(Row row, GroupRequest request) {
    int[] ids = row.so().ids().toArray();
    int at = ids.length;
    long seed = request.seed() * 31 + row.index() + weights.digest().hashCode();
    int id = new Random(seed * 1009 + at).nextInt(1000);
    ids = IntStream.concat(IntStream.of(ids), IntStream.of(id)).toArray();
    return new Row(
        row.index(),
        new PartialResponse(
            TokenIds.of(ids),
            LogProbs.of(new float[ids.length]),
            row.so().versions().concat(TokenVersions.of(weights.version(), 1)),
            ids.length == row.length() ? Optional.of(FinishReason.STOP) : Optional.empty()),
        row.begun(),
        row.length());
  }

  private RolloutOutcome outcome(Flight flight) {
    GroupRequest request = flight.request();
    if (world.unreadable.contains(request.prompt().id())) {
      return new RolloutOutcome.Failed(
          request.groupId(), "image of " + request.prompt().id() + " is unreadable");
    }
    if (flight.rows().stream().anyMatch(row -> row.so().finish().isEmpty())) {
      return new RolloutOutcome.Cut(partial(flight));
    }
    return new RolloutOutcome.Finished(
        new Group(
            request.groupId(),
            request.prompt(),
            ENCODED,
            flight.rows().stream().map(row -> response(row.so())).toList()));
  }

  private static Response response(PartialResponse so) {
    return new Response(
        so.ids(),
        so.behaviourLogProbs(),
        so.finish().orElseThrow(),
        "says " + so.ids().at(0),
        so.versions());
  }

  private static PartialGroup partial(Flight flight) {
    GroupRequest request = flight.request();
    return new PartialGroup(
        request.groupId(), request.prompt(), ENCODED, flight.rows().stream().map(Row::so).toList());
  }

  @Override
  public void cancel(long groupId) {
    flights.remove(groupId);
  }

  @Override
  public Optional<PartialGroup> cut(long groupId) {
    return Optional.ofNullable(flights.remove(groupId)).map(FakeEngine::partial);
  }

  @Override
  public void update(WeightUpdate update) {
    world.beforeUpdate.accept(update);
    world.requireThere(update);
    weights = update;
  }

  @Override
  public PolicyVersion version() {
    return weights.version();
  }

  @Override
  public Map<String, Double> counters() {
    return Map.of("steps/decoded", steps);
  }

  @Override
  public void close() {
    world.closed.add("engine");
  }
}
