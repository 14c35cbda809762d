package krites.simulator;

import java.util.HashMap;
import java.util.Map;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.DataMessage;

/**
 * Carries messages between the actors of a simulation, and loses, doubles, delays and holds them up
 * as the plan of faults says.
 *
 * <p>Between two nodes only what may travel is touched by faults: {@link ControlMessage} and {@link
 * DataMessage}; what an actor tells itself, and what only exists in one process, arrives at once.
 * As over one TCP connection, messages of one sender to one receiver keep their order, unless the
 * fault is that they do not.
 */
final class Network {
  private record Pair(Lane sender, Lane receiver) {}

  /** A sender's messages to a receiver: the last arrival, and how many there were. */
  private static final class Link {
    private final long seed;
    private long lastArrivalNanos;
    private long messages;

    private Link(long seed) {
      this.seed = seed;
    }

    private long next() {
      return Draws.seed(seed, messages++);
    }
  }

  private final EventLoop loop;
  private final Trace trace;
  private final Meter meter;
  private final FaultPlan plan;
  private final long seed;
  private final double latencySeconds;
  private final Map<Pair, Link> links = new HashMap<>();

  /**
   * @param latencySeconds median time of a message between two nodes
   */
  Network(
      EventLoop loop,
      Trace trace,
      Meter meter,
      FaultPlan plan,
      long simulationSeed,
      double latencySeconds) {
    this.loop = loop;
    this.trace = trace;
    this.meter = meter;
    this.plan = plan;
    this.seed = Draws.seed(simulationSeed, "network");
    this.latencySeconds = latencySeconds;
  }

  /** Sends a message from the strand that runs, or from nowhere (a timer) if none does. */
  void send(Lane receiver, Object message, Runnable deliver) {
    if (loop.nanos() >= EventLoop.NEVER) {
      return; // its sender hangs
    }
    Lane sender = loop.current();
    boolean travels = message instanceof ControlMessage || message instanceof DataMessage;
    if (sender == null) {
      hand("timer", receiver, message, deliver);
    } else if (sender == receiver) {
      hand(sender.name(), receiver, message, deliver);
    } else if (!travels || sender.node() == receiver.node()) {
      // Within a process a message is in the mailbox as soon as it is sent: causes come first.
      loop.arrive(
          loop.nanos(), rank(sender), () -> hand(sender.name(), receiver, message, deliver));
    } else {
      travel(sender, receiver, message, deliver);
    }
  }

  /** A system message, which always arrives, as soon as its sender has got that far. */
  void arriveNow(Lane sender, Runnable deliver) {
    loop.arrive(loop.nanos(), rank(sender), deliver);
  }

  private void travel(Lane sender, Lane receiver, Object message, Runnable deliver) {
    Link link =
        links.computeIfAbsent(
            new Pair(sender, receiver),
            pair -> new Link(Draws.seed(Draws.seed(seed, sender.name()), receiver.name())));
    long luck = link.next();
    Runnable handOver = () -> hand(sender.name(), receiver, message, deliver);
    if (strikes(FaultKind.MESSAGE_LOSS, luck)) {
      meter.struck(FaultKind.MESSAGE_LOSS, 0);
      note(FaultKind.MESSAGE_LOSS, sender, receiver, message);
      return;
    }
    if (strikes(FaultKind.MESSAGE_DUPLICATE, luck)) {
      meter.struck(FaultKind.MESSAGE_DUPLICATE, 0);
      note(FaultKind.MESSAGE_DUPLICATE, sender, receiver, message);
      loop.arrive(loop.nanos() + extra(FaultKind.MESSAGE_DUPLICATE, luck), rank(sender), handOver);
    }
    long departs = departs(sender, receiver);
    long arrives = departs + EventLoop.nanos(latencySeconds * Math.exp(0.25 * Draws.normal(luck)));
    if (strikes(FaultKind.MESSAGE_DELAY, luck)) {
      long delay = extra(FaultKind.MESSAGE_DELAY, luck);
      meter.struck(FaultKind.MESSAGE_DELAY, delay);
      note(FaultKind.MESSAGE_DELAY, sender, receiver, message);
      loop.arrive(arrives + delay, rank(sender), handOver);
    } else {
      inOrder(link, sender, arrives, handOver);
    }
  }

  /** When both nodes can be reached. */
  private long departs(Lane sender, Lane receiver) {
    long now = loop.nanos();
    long departs = Math.max(sender.node().reachableAt(now), receiver.node().reachableAt(now));
    if (departs > now) {
      meter.struck(FaultKind.PARTITION, departs - now);
    }
    return departs;
  }

  private void inOrder(Link link, Lane sender, long arrives, Runnable handOver) {
    link.lastArrivalNanos = Math.max(link.lastArrivalNanos + 1, arrives);
    loop.arrive(link.lastArrivalNanos, rank(sender), handOver);
  }

  private boolean strikes(FaultKind kind, long luck) {
    double share = plan.rate(kind);
    return share > 0 && Draws.uniform(Draws.seed(luck, kind.word())) < share;
  }

  private long extra(FaultKind kind, long luck) {
    return EventLoop.nanos(plan.seconds(kind) * Draws.uniform(Draws.seed(~luck, kind.word())));
  }

  private void note(FaultKind kind, Lane sender, Lane receiver, Object message) {
    trace.note(
        loop.nanos(),
        kind.word()
            + ": "
            + sender.name()
            + " -> "
            + receiver.name()
            + ": "
            + message.getClass().getSimpleName());
  }

  private void hand(String sender, Lane receiver, Object message, Runnable deliver) {
    trace.delivered(loop.nanos(), sender, receiver.name(), message);
    deliver.run();
  }

  /** The same for all that a strand sends at one moment, so that it arrives in order. */
  private long rank(Lane sender) {
    return Draws.mix(sender.node().seed() + Draws.mix(sender.name().hashCode() + loop.nanos()));
  }
}
