package krites.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * What Pekko's connections between nodes say: errors, and once a minute that two nodes do not agree
 * on TLS, which is why a node cannot join. Of every connection that ends they say three lines, and
 * who is gone is told by the cluster, once; those are left out.
 */
public final class ConnectionLines extends TurboFilter {
  private static final String[] LOGGERS = {
    "org.apache.pekko.remote.artery", "org.apache.pekko.stream"
  };

  private static final String TLS = "SSLHandshakeException";

  private static final long EVERY_NANOS = 60_000_000_000L;

  private final LongSupplier nanoTime;
  private final AtomicLong next;

  /** As {@code logback.xml} makes it. */
  public ConnectionLines() {
    this(System::nanoTime);
  }

  ConnectionLines(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.next = new AtomicLong(nanoTime.getAsLong());
  }

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable failure) {
    if (Arrays.stream(LOGGERS).noneMatch(logger.getName()::startsWith)
        || level.isGreaterOrEqual(Level.ERROR)) {
      return FilterReply.NEUTRAL;
    }
    // Without a text it is the question whether the level is on.
    return level.equals(Level.WARN) && (format == null || isNews(format, params, failure))
        ? FilterReply.NEUTRAL
        : FilterReply.DENY;
  }

  private boolean isNews(String format, Object @Nullable [] params, @Nullable Throwable failure) {
    boolean tls =
        format.contains(TLS)
            || String.valueOf(failure).contains(TLS)
            || (params != null && Arrays.toString(params).contains(TLS));
    long now = nanoTime.getAsLong();
    long due = next.get();
    return tls && now - due >= 0 && next.compareAndSet(due, now + EVERY_NANOS);
  }
}
