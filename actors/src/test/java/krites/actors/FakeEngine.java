package krites.actors;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.TokenIds;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;

/**
 * An engine without a network: what it says follows from the seed of the group and the digest of
 * the weights, so two runs that agree in both agree in everything.
 */
final class FakeEngine implements RolloutEngine {
  private record Flight(GroupRequest request, PolicyVersion first, int stepsLeft) {}

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
    int length = 1 + new Random(request.seed()).nextInt(6);
    flights.put(request.groupId(), new Flight(request, weights.version(), length));
    world.requests.add(request);
  }

  @Override
  public List<RolloutOutcome> step() {
    List<RolloutOutcome> outcomes = new ArrayList<>();
    if (world.rolloutRests) {
      return outcomes;
    }
    steps++;
    for (Flight flight : List.copyOf(flights.values())) {
      if (flight.stepsLeft() > 1) {
        flights.put(
            flight.request().groupId(),
            new Flight(flight.request(), flight.first(), flight.stepsLeft() - 1));
      } else {
        flights.remove(flight.request().groupId());
        outcomes.add(outcome(flight));
      }
    }
    return outcomes;
  }

  private RolloutOutcome outcome(Flight flight) {
    GroupRequest request = flight.request();
    if (world.unreadable.contains(request.prompt().id())) {
      return new RolloutOutcome.Failed(
          request.groupId(), "image of " + request.prompt().id() + " is unreadable");
    }
    List<Response> responses = new ArrayList<>();
    for (int i = 0; i < request.sampling().groupSize(); i++) {
      Random random = new Random(request.seed() * 31 + i + weights.digest().hashCode());
      int[] ids =
          random.ints(1 + random.nextInt(request.sampling().maxNewTokens()), 0, 1000).toArray();
      float[] logProbs = new float[ids.length];
      responses.add(
          new Response(
              TokenIds.of(ids),
              LogProbs.of(logProbs),
              FinishReason.STOP,
              "says " + ids[0],
              flight.first(),
              weights.version()));
    }
    return new RolloutOutcome.Finished(
        new Group(
            request.groupId(),
            request.prompt(),
            new EncodedPrompt(TokenIds.of(1, 2, 3), List.of()),
            responses));
  }

  @Override
  public void cancel(long groupId) {
    flights.remove(groupId);
  }

  @Override
  public void update(WeightUpdate update) {
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
