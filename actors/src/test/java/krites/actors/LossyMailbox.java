package krites.actors;

import com.typesafe.config.Config;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.dispatch.Envelope;
import org.apache.pekko.dispatch.MailboxType;
import org.apache.pekko.dispatch.MessageQueue;
import org.apache.pekko.dispatch.ProducesMessageQueue;
import org.jspecify.annotations.Nullable;
import scala.Option;

/**
 * A mailbox that loses the messages that a test wants lost, as a network would: whoever sent one
 * hears nothing of it. Every actor of a run gets one by the run's configuration.
 */
public final class LossyMailbox
    implements MailboxType, ProducesMessageQueue<LossyMailbox.Arrivals> {
  private static final Map<String, Predicate<Object>> LOST = new ConcurrentHashMap<>();
  private static final AtomicLong NEXT = new AtomicLong();

  private final Predicate<Object> loses;

  /** As the actor system makes it. */
  public LossyMailbox(ActorSystem.Settings settings, Config config) {
    this.loses = Optional.ofNullable(LOST.get(config.getString("loses"))).orElseThrow();
  }

  /** The configuration of a run in which these messages are lost. */
  static String config(Predicate<Object> loses) {
    String key = "test-" + NEXT.incrementAndGet();
    LOST.put(key, loses);
    return "pekko.actor.typed.default-mailbox { mailbox-type = \"%s\", loses = %s }\n"
        .formatted(LossyMailbox.class.getName(), key);
  }

  @Override
  public MessageQueue create(Option<ActorRef> owner, Option<ActorSystem> system) {
    return new Arrivals(loses);
  }

  /** What was not lost, in order. */
  static final class Arrivals implements MessageQueue {
    private final ConcurrentLinkedQueue<Envelope> queue = new ConcurrentLinkedQueue<>();
    private final Predicate<Object> loses;

    Arrivals(Predicate<Object> loses) {
      this.loses = loses;
    }

    @Override
    public void enqueue(ActorRef receiver, Envelope envelope) {
      if (!loses.test(envelope.message())) {
        queue.add(envelope);
      }
    }

    @Override
    public @Nullable Envelope dequeue() {
      return queue.poll();
    }

    @Override
    public int numberOfMessages() {
      return queue.size();
    }

    @Override
    public boolean hasMessages() {
      return !queue.isEmpty();
    }

    @Override
    public void cleanUp(ActorRef owner, MessageQueue deadLetters) {
      for (Envelope left = queue.poll(); left != null; left = queue.poll()) {
        deadLetters.enqueue(owner, left);
      }
    }
  }
}
