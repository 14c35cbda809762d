package krites.app.bench;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import krites.actors.wire.ControlMessage;
import krites.actors.wire.LocalMessage;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Two actor systems beside a measurement, one of which asks the other over Artery every 20 ms and
 * notes when the answer comes. It is an ordinary message: heartbeats have a connection of their
 * own, and wait for the processors as it does, but not for its queue.
 */
final class Pings implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(20);

  private static final Config CONFIG =
      ConfigFactory.parseString(
              """
              pekko.actor.provider = remote
              pekko.remote.artery.transport = tcp
              pekko.remote.artery.canonical.hostname = "127.0.0.1"
              pekko.remote.artery.canonical.port = 0
              pekko.remote.warn-about-direct-use = off
              pekko.remote.use-unsafe-remote-features-outside-cluster = on
              pekko.loglevel = ERROR
              """)
          .withFallback(ConfigFactory.parseResources("krites-actors.conf"))
          .withFallback(ConfigFactory.defaultReference())
          .resolve();

  /** What both understand. */
  sealed interface Message {}

  record Ping(long nanos, ActorRef<Message> replyTo) implements Message, ControlMessage {}

  record Pong(long nanos) implements Message, ControlMessage {}

  private record Now() implements Message, LocalMessage {}

  private final ActorSystem<Message> answering;
  private final ActorSystem<Message> asking;
  private List<Double> milliseconds = new ArrayList<>();

  Pings() {
    answering =
        ActorSystem.create(
            Behaviors.receiveMessage(
                message -> {
                  if (message instanceof Ping(long nanos, ActorRef<Message> replyTo)) {
                    replyTo.tell(new Pong(nanos));
                  }
                  return Behaviors.same();
                }),
            "answering",
            CONFIG);
    String address = ActorRefResolver.get(answering).toSerializationFormat(answering);
    asking = ActorSystem.create(asking(address), "asking", CONFIG);
  }

  private Behavior<Message> asking(String address) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  ActorRef<Message> other =
                      ActorRefResolver.get(context.getSystem()).resolveActorRef(address);
                  timers.startTimerAtFixedRate(new Now(), EVERY);
                  return Behaviors.receiveMessage(
                      message -> {
                        switch (message) {
                          case Now() -> other.tell(new Ping(System.nanoTime(), context.getSelf()));
                          case Pong(long nanos) -> note((System.nanoTime() - nanos) / 1e6);
                          case Ping _ -> {}
                        }
                        return Behaviors.same();
                      });
                }));
  }

  private synchronized void note(double answer) {
    milliseconds.add(answer);
  }

  /** Forgets what came before. */
  synchronized void begin() {
    milliseconds = new ArrayList<>();
  }

  /** The median and the slowest since the beginning; nothing of a work that was over before one. */
  synchronized void end(Findings findings, String work, String variant) {
    List<Double> sorted = milliseconds.stream().sorted().toList();
    if (!sorted.isEmpty()) {
      findings.add(work, variant, "ping_milliseconds", sorted.get(sorted.size() / 2));
      findings.add(work, variant, "slowest_ping_milliseconds", sorted.getLast());
    }
  }

  @Override
  public void close() {
    asking.terminate();
    answering.terminate();
  }
}
