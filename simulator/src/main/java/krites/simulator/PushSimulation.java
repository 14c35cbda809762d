package krites.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import krites.grpo.flow.RoutePlan;

/**
 * Weights on their way to many nodes, chunk by chunk in virtual time, along the routes of the real
 * {@link RoutePlan}.
 *
 * <p>Modelled are the links: a node sends one chunk after the other, in turns to its children, and
 * receives as fast as it is sent to. A node that dies is left by its children, who go on with the
 * first chunk that they lack at the next source of their route. Not modelled are shared switches,
 * other traffic, and nodes of different speed.
 */
public final class PushSimulation {
  private static final int PUBLISHER = 0; // nodes are 1, 2, ...

  /**
   * The network.
   *
   * @param bytesPerSecond of a node's link, in each direction
   * @param latencySeconds of one way between two nodes
   * @param checkSeconds for a chunk, from its last byte to the moment when it is served on
   * @param patienceSeconds until the silence of a node that died is taken for that
   */
  public record Network(
      double bytesPerSecond, double latencySeconds, double checkSeconds, double patienceSeconds) {}

  /**
   * What is pushed, and what goes wrong.
   *
   * @param nodes that receive
   * @param bytes of the content
   * @param chunk bytes that travel together
   * @param deaths nodes that die while it arrives, drawn by the seed
   */
  public record Plan(RoutePlan routes, int nodes, long bytes, long chunk, int deaths, long seed) {
    public Plan {
      if (nodes < 1 || bytes < 1 || chunk < 1 || deaths < 0 || deaths >= nodes) {
        throw new IllegalArgumentException(
            bytes + " bytes in chunks of " + chunk + " to " + nodes + " nodes, " + deaths + " die");
      }
    }
  }

  /**
   * What came of it.
   *
   * @param firstSeconds until the first node had every byte
   * @param lastSeconds until the last node that lives had
   * @param publisherBytes that the publisher sent
   */
  public record Result(double firstSeconds, double lastSeconds, long publisherBytes) {}

  private final Plan plan;
  private final Network network;
  private final EventLoop loop = new EventLoop();
  private final int chunks;
  private final List<Host> hosts = new ArrayList<>();
  private double firstSeconds = Double.NaN;
  private double lastSeconds;
  private long publisherBytes;

  /** A node: what it has in order, who waits for it, whom it asks. */
  private static final class Host {
    private final int index;
    private final List<Integer> sources;
    private final Deque<Host> children = new ArrayDeque<>(); // in the order of their turns
    private int have;
    private int asked; // the next chunk that is sent to it
    private int source; // index in sources
    private int connection; // chunks of an earlier one are lost
    private boolean sending;
    private boolean dead;

    private Host(int index, List<Integer> sources) {
      this.index = index;
      this.sources = sources;
    }
  }

  private PushSimulation(Plan plan, Network network) {
    this.plan = plan;
    this.network = network;
    this.chunks = Math.toIntExact((plan.bytes() + plan.chunk() - 1) / plan.chunk());
  }

  /** Simulates a push, until every node that lives has every byte. */
  public static Result run(Plan plan, Network network) {
    PushSimulation simulation = new PushSimulation(plan, network);
    return simulation.loop.own(simulation::run);
  }

  private Result run() {
    Host publisher = new Host(PUBLISHER, List.of());
    publisher.have = chunks;
    hosts.add(publisher);
    List<Integer> receivers = IntStream.rangeClosed(1, plan.nodes()).boxed().toList();
    for (int i = 0; i < plan.nodes(); i++) {
      hosts.add(new Host(i + 1, plan.routes().sources(PUBLISHER, receivers, i)));
    }
    hosts.stream().skip(1).forEach(host -> after(network.latencySeconds(), () -> connect(host)));
    planDeaths();
    while (loop.next() < EventLoop.NEVER) {
      loop.step();
    }
    for (Host host : hosts) {
      if (!host.dead && host.have < chunks) {
        throw new IllegalStateException("node " + host.index + " has " + host.have + " chunks");
      }
    }
    return new Result(firstSeconds, lastSeconds, publisherBytes);
  }

  /** At moments spread over the time of one copy. */
  private void planDeaths() {
    double copySeconds = plan.bytes() / network.bytesPerSecond();
    List<Integer> left = new ArrayList<>(IntStream.rangeClosed(1, plan.nodes()).boxed().toList());
    for (int i = 0; i < plan.deaths(); i++) {
      long draw = Draws.seed(plan.seed(), "death " + i);
      Host victim = hosts.get(left.remove((int) Math.floorMod(draw, (long) left.size())));
      after(copySeconds * Draws.uniform(Draws.mix(draw)), () -> die(victim));
    }
  }

  private void after(double seconds, Runnable action) {
    loop.arrive(loop.nanos() + EventLoop.nanos(seconds), 0, action);
  }

  private void connect(Host host) {
    Host source = hosts.get(host.sources.get(host.source));
    if (source.dead) {
      leave(host);
    } else {
      host.asked = host.have;
      source.children.add(host);
      send(source);
    }
  }

  private void leave(Host host) {
    host.connection++;
    host.source = (host.source + 1) % host.sources.size();
    after(network.latencySeconds(), () -> connect(host));
  }

  /** One chunk to the next child that lacks one of those that are here. */
  private void send(Host from) {
    if (from.sending || from.dead) {
      return;
    }
    for (int turn = 0; turn < from.children.size(); turn++) {
      Host to = from.children.removeFirst();
      if (to.dead || to.asked == chunks) {
        turn--;
        continue;
      }
      from.children.addLast(to);
      if (to.asked < from.have) {
        sendChunk(from, to);
        return;
      }
    }
  }

  private void sendChunk(Host from, Host to) {
    int chunk = to.asked++;
    int connection = to.connection;
    long length = Math.min(plan.chunk(), plan.bytes() - chunk * plan.chunk());
    from.sending = true;
    publisherBytes += from.index == PUBLISHER ? length : 0;
    after(
        length / network.bytesPerSecond(),
        () -> {
          from.sending = false;
          if (!from.dead) {
            after(
                network.latencySeconds() + network.checkSeconds(),
                () -> arrive(to, chunk, connection));
            send(from);
          }
        });
  }

  private void arrive(Host at, int chunk, int connection) {
    if (at.dead || connection != at.connection || chunk != at.have) {
      return;
    }
    at.have++;
    if (at.have == chunks) {
      double now = loop.seconds();
      firstSeconds = Double.isNaN(firstSeconds) ? now : firstSeconds;
      lastSeconds = now;
    }
    send(at);
  }

  private void die(Host victim) {
    victim.dead = true;
    for (Host child : victim.children) {
      if (!child.dead && child.have < chunks) {
        int connection = child.connection;
        after(
            network.patienceSeconds(),
            () -> {
              if (child.connection == connection && !child.dead && child.have < chunks) {
                leave(child);
              }
            });
      }
    }
  }
}
