package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.core.spi.FilterReply;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class ConnectionLinesTest {
  private static final String REFUSED =
      "Outbound message stream to [{}] failed. Restarting it. javax.net.ssl.SSLHandshakeException: (bad_certificate)";

  private final AtomicLong nanos = new AtomicLong();
  private final ConnectionLines lines = new ConnectionLines(nanos::get);
  private final LoggerContext context = new LoggerContext();
  private final Logger artery = context.getLogger("org.apache.pekko.remote.artery.Association");

  private FilterReply decide(Logger logger, Level level, String text) {
    return lines.decide(null, logger, level, text, null, null);
  }

  @Test
  void thatTwoNodesDoNotAgreeOnTlsIsToldOnceAMinute() {
    assertEquals(FilterReply.NEUTRAL, decide(artery, Level.WARN, REFUSED));
    assertEquals(FilterReply.DENY, decide(artery, Level.WARN, REFUSED));
    nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
    assertEquals(FilterReply.NEUTRAL, decide(artery, Level.WARN, REFUSED));
  }

  @Test
  void endsOfConnectionsAreLeftOutAndErrorsAreNot() {
    assertEquals(FilterReply.DENY, decide(artery, Level.WARN, "Upstream finished."));
    assertEquals(FilterReply.DENY, decide(artery, Level.INFO, REFUSED));
    assertEquals(FilterReply.NEUTRAL, decide(artery, Level.ERROR, "Upstream finished."));
  }

  @Test
  void othersSayWhatTheyLike() {
    Logger cluster = context.getLogger("org.apache.pekko.cluster.Cluster");

    assertEquals(FilterReply.NEUTRAL, decide(cluster, Level.WARN, "Couldn't join seed nodes"));
    assertEquals(FilterReply.NEUTRAL, decide(cluster, Level.DEBUG, "gossip"));
  }
}
