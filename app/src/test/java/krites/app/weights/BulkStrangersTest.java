package krites.app.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import krites.grpo.PolicyVersion;
import krites.grpo.WeightOffer;
import krites.grpo.WeightUpdate;
import krites.grpo.port.WeightTransport;
import krites.transfer.Carrier;
import krites.transfer.Ticket;
import krites.transfer.TransferSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Whoever is not of the run costs the node that serves weights one line in its log. */
@Timeout(60)
final class BulkStrangersTest {
  private static final TransferSettings ONCE =
      new TransferSettings(1, Duration.ofSeconds(1), Duration.ofSeconds(2), 1, 16, false);
  private static final Ticket RUN = Ticket.fresh();

  @TempDir private Path temp;

  private final Logger logger = (Logger) LoggerFactory.getLogger(BulkWeights.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void listen() {
    log.start();
    logger.addAppender(log);
  }

  @AfterEach
  void silence() {
    logger.detachAppender(log);
  }

  private BulkWeights bulk(String name, Ticket run) {
    return BulkWeights.open(
        temp.resolve(name),
        temp.resolve(name + "-scratch"),
        new BulkSettings(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            "127.0.0.1",
            run,
            Carrier.PLAIN,
            ONCE,
            false),
        update -> {});
  }

  private List<String> refusals(int count) throws InterruptedException {
    while (lines().size() < count) {
      Thread.sleep(10);
    }
    Thread.sleep(100);
    return lines();
  }

  private List<String> lines() {
    return List.copyOf(log.list).stream()
        .filter(event -> event.getLevel().equals(Level.WARN))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  private static void say(BulkWeights to, byte[] bytes) throws Exception {
    int port = Integer.parseInt(to.address().substring(to.address().lastIndexOf(':') + 1));
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(bytes);
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (java.net.SocketException e) {
      return; // reset, because the server closed with bytes unread
    }
  }

  @Test
  void eachStrangerCostsALineAndOursAreServed() throws Exception {
    byte[] bytes = new byte[100_000];
    new Random(1).nextBytes(bytes);
    try (BulkWeights server = bulk("server", RUN);
        BulkWeights otherRun = bulk("other-run", Ticket.fresh());
        BulkWeights ours = bulk("ours", RUN)) {
      Path version = Files.createDirectories(temp.resolve("server/v000001-t0"));
      Files.write(version.resolve("model.safetensors"), bytes);
      var update = new WeightUpdate(new PolicyVersion(0, 1), "v000001-t0", "00".repeat(32));
      WeightOffer offer = server.offer(update, Optional.empty());
      byte[] noise = new byte[5_000];
      new Random(2).nextBytes(noise);
      say(server, noise);
      say(server, ByteBuffer.allocate(200).putLong(10L << 30).array());
      say(server, "GET / HTTP/1.1\r\nHost: weights\r\n\r\n".repeat(4).getBytes("US-ASCII"));
      var route = new WeightTransport.Route(List.of(server.address()), List.of());
      String refused =
          assertThrows(UncheckedIOException.class, () -> otherRun.fetch(offer, route)).getMessage();
      assertTrue(refused.contains("belongs to another run"), refused);
      WeightOffer forged =
          new WeightOffer(
              update,
              new WeightOffer.Content(
                  offer.full().digest(), Ticket.fresh().secret(), offer.full().bytes()),
              Optional.empty());
      assertThrows(UncheckedIOException.class, () -> ours.fetch(forged, route));
      List<String> lines = refusals(5);
      assertEquals(5, lines.size(), lines::toString);
      assertEquals(3, lines.stream().filter(line -> line.contains("does not speak")).count());
      assertTrue(lines.get(3).contains("belongs to another run"), lines::toString);
      assertTrue(lines.get(4).contains("shows no valid ticket"), lines::toString);
      ours.fetch(offer, route);
      assertEquals(
          -1,
          Files.mismatch(
              version.resolve("model.safetensors"),
              temp.resolve("ours/v000001-t0/model.safetensors")));
    }
  }
}
