package krites.actors.cluster;

import com.typesafe.config.Config;
import java.lang.reflect.Field;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.remote.RemoteActorRefProvider;
import org.apache.pekko.remote.artery.tcp.ArteryTcpTransport;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.util.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.concurrent.Await;
import scala.concurrent.Future;
import scala.concurrent.duration.Duration;

/**
 * Puts a {@link FrameGuard} before all connections that come to an actor system.
 *
 * <p>Pekko has no place for that: each connection is handed to the flow in a field of its
 * transport, and this replaces the flow. A Pekko without that field fails the start, not the guard.
 * Should Pekko ever begin its incoming streams anew, which it does after errors of its own alone,
 * the guard is gone until the process starts again.
 */
public final class GuardedRemoting {
  private static final Logger LOG = LoggerFactory.getLogger(GuardedRemoting.class);
  private static final String FLOW = "inboundConnectionFlow";
  private static final String LIMITS = "pekko.remote.artery.advanced.";
  private static final long LINES_A_MINUTE = 6; // for whoever knocks all the time
  private static final long MINUTE_NANOS = 60_000_000_000L;

  private GuardedRemoting() {}

  /** A connection over which another node spoke has ended; to be heard in the event stream. */
  record ConnectionEnded() {}

  /**
   * Guards an actor system that has started, logs a line for each connection it refuses, and tells
   * the event stream when one has ended.
   */
  public static void guard(ActorSystem<?> system) {
    AtomicLong minute = new AtomicLong(Long.MIN_VALUE);
    AtomicLong lines = new AtomicLong();
    guard(
        system,
        new FrameGuard.Listener() {
          @Override
          public void refused(String reason) {
            long now = System.nanoTime() / MINUTE_NANOS;
            if (minute.getAndSet(now) != now) {
              lines.set(0);
            }
            if (lines.incrementAndGet() <= LINES_A_MINUTE) {
              LOG.warn("a connection to the port of the actors is refused: {}", reason);
            }
          }

          @Override
          public void ended() {
            Adapter.toClassic(system).eventStream().publish(new ConnectionEnded());
          }
        });
  }

  static void guard(ActorSystem<?> system, FrameGuard.Listener listener) {
    Config config = system.settings().config();
    var limits =
        new FrameGuard.Limits(
            Math.toIntExact(config.getBytes(LIMITS + "maximum-large-frame-size")),
            Math.toIntExact(config.getBytes(LIMITS + "maximum-frame-size")));
    boolean tls = config.getString("pekko.remote.artery.transport").equals("tls-tcp");
    var provider =
        (RemoteActorRefProvider) ((ExtendedActorSystem) Adapter.toClassic(system)).provider();
    try {
      Field field = ArteryTcpTransport.class.getDeclaredField(FLOW);
      field.setAccessible(true);
      @SuppressWarnings("unchecked")
      var now =
          (Future<org.apache.pekko.stream.scaladsl.Flow<ByteString, ByteString, NotUsed>>)
              field.get(provider.transport());
      var pekkos = Await.result(now, Duration.create("10s"));
      var guarded =
          Flow.of(ByteString.class)
              .via(new FrameGuard(limits, tls, listener))
              .via(pekkos.asJava())
              .asScala();
      field.set(provider.transport(), Future.successful(guarded));
    } catch (ReflectiveOperationException
        | InterruptedException
        | java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException("this Pekko has another transport: " + e, e);
    }
  }
}
