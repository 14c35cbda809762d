package krites.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a stranger sends costs one line, and the next peer of ours is served. */
@Timeout(60)
class StrangersTest {
  @TempDir Path temp;

  private final Ticket ticket = Ticket.fresh();
  private Manifest manifest;
  private Node node;

  @BeforeEach
  void serve() throws Exception {
    Path content = Files.createDirectories(temp.resolve("content"));
    Files.write(content.resolve("model.safetensors"), new byte[3 * Manifest.CHUNK]);
    manifest = Manifest.ofFolder(content, ticket, true);
    node = new Node(temp);
    node.shelf.put(content, manifest, ticket);
  }

  @AfterEach
  void oursIsStillServed() throws Exception {
    try (Node target = new Node(Files.createDirectories(temp.resolve("target")))) {
      target.receiver.fetch(
          new ContentReceiver.Order("v1", manifest.digest(), ticket, List.of(node.address())));
    }
    node.close();
  }

  /** Sends bytes and reads until the server closes; returns what it said. */
  private byte[] say(byte[] bytes) throws Exception {
    try (Socket socket = new Socket(node.address().getAddress(), node.address().getPort())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(bytes);
      out.flush();
      return socket.getInputStream().readAllBytes();
    } catch (java.net.SocketException e) {
      return new byte[0]; // reset, because the server closed with bytes unread
    }
  }

  private void awaitRefusals(int count) throws InterruptedException {
    while (node.refused.size() < count) {
      Thread.sleep(10);
    }
    Thread.sleep(50);
    assertEquals(count, node.refused.size(), node.refused::toString);
    assertEquals(List.of(), node.broken);
  }

  private WireFormat.Request request(
      Ticket run, Ticket shown, Digest content, int file, int first) {
    return new WireFormat.Request(
        WireFormat.PROTOCOL, run.shown(), shown.shown(), content, file, first, 1, 1);
  }

  @Test
  void randomBytes() throws Exception {
    for (int seed = 0; seed < 20; seed++) {
      byte[] bytes = new byte[1 + new Random(seed).nextInt(100_000)];
      new Random(seed).nextBytes(bytes);
      assertEquals(0, say(bytes).length, "seed " + seed);
    }
    awaitRefusals(20);
  }

  @Test
  void aHeaderOfTenGigabytes() throws Exception {
    byte[] header = ByteBuffer.allocate(200).putLong(10L << 30).array();
    assertEquals(0, say(header).length);
    awaitRefusals(1);
    assertTrue(node.refused.getFirst().contains("does not speak"), node.refused::toString);
  }

  @Test
  void silence() throws Exception {
    assertEquals(0, say(new byte[0]).length);
    awaitRefusals(1);
    assertTrue(node.refused.getFirst().contains("sent nothing for"), node.refused::toString);
  }

  @Test
  void anotherRunAnotherTicketAnotherContentAnotherProtocol() throws Exception {
    Digest content = manifest.digest();
    List<WireFormat.Request> requests =
        List.of(
            request(Ticket.fresh(), ticket, content, 0, 0),
            request(Node.RUN, Ticket.fresh(), content, 0, 0),
            request(Node.RUN, ticket, Digest.ofBytes(new byte[3]), 0, 0),
            new WireFormat.Request(
                (short) 1, Node.RUN.shown(), ticket.shown(), content, 0, 0, 1, 1),
            request(Node.RUN, ticket, content, 7, 0),
            request(Node.RUN, ticket, content, -2, 0),
            request(Node.RUN, ticket, content, 0, Integer.MAX_VALUE),
            new WireFormat.Request(
                WireFormat.PROTOCOL, Node.RUN.shown(), ticket.shown(), content, 0, 0, 0, 1),
            new WireFormat.Request(
                WireFormat.PROTOCOL, Node.RUN.shown(), ticket.shown(), content, 0, 0, 1, 4),
            new WireFormat.Request(
                WireFormat.PROTOCOL,
                Node.RUN.shown(),
                ticket.shown(),
                content,
                0,
                0,
                1 << 30,
                1 << 30));
    List<WireFormat.Answer> answers =
        List.of(
            WireFormat.Answer.OTHER_RUN,
            WireFormat.Answer.NO_RIGHT,
            WireFormat.Answer.UNKNOWN_CONTENT,
            WireFormat.Answer.OTHER_PROTOCOL,
            WireFormat.Answer.MALFORMED,
            WireFormat.Answer.MALFORMED,
            WireFormat.Answer.MALFORMED,
            WireFormat.Answer.MALFORMED,
            WireFormat.Answer.MALFORMED,
            WireFormat.Answer.MALFORMED);
    for (int i = 0; i < requests.size(); i++) {
      byte[] said = say(requests.get(i).encode().array());
      assertEquals(1, said.length);
      assertEquals(answers.get(i), WireFormat.Answer.values()[said[0]], "request " + i);
    }
    awaitRefusals(requests.size());
  }

  @Test
  void moreConnectionsThanThereIsRoomFor() throws Exception {
    Socket[] idle = new Socket[Node.QUICK.maxClients() + 4];
    for (int i = 0; i < idle.length; i++) {
      idle[i] = new Socket(node.address().getAddress(), node.address().getPort());
    }
    while (node.refused.size() < idle.length) {
      Thread.sleep(10);
    }
    assertEquals(4, node.refused.stream().filter(WireFormat.Answer.BUSY.reason()::equals).count());
    for (Socket socket : idle) {
      socket.close();
    }
  }

  /** A server that accepts whatever it is asked and then says these bytes. */
  private String refusalOf(byte[] said) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, Node.loopback(0).getAddress());
        Node target = new Node(Files.createDirectories(temp.resolve("victim")))) {
      Thread.ofVirtual()
          .start(
              () -> {
                while (!server.isClosed()) {
                  try (Socket client = server.accept()) {
                    InputStream in = client.getInputStream();
                    in.readNBytes(WireFormat.Request.BYTES);
                    client.getOutputStream().write(said);
                  } catch (java.io.IOException e) {
                    return;
                  }
                }
              });
      TransferException refused =
          assertThrows(
              TransferException.class,
              () ->
                  target.receiver.fetch(
                      new ContentReceiver.Order(
                          "v2",
                          manifest.digest(),
                          ticket,
                          List.of(Node.loopback(server.getLocalPort())))));
      return refused.getMessage();
    }
  }

  @Test
  void aSourceThatAnnouncesTooMuchOrNonsense() throws Exception {
    byte accepted = (byte) WireFormat.Answer.ACCEPTED.ordinal();
    byte[] huge = ByteBuffer.allocate(5).put(accepted).putInt(Integer.MAX_VALUE).array();
    assertTrue(refusalOf(huge).contains("announces a manifest of 2147483647 bytes"));
    byte[] negative = ByteBuffer.allocate(5).put(accepted).putInt(-1).array();
    assertTrue(refusalOf(negative).contains("announces a manifest of -1 bytes"));
    assertTrue(refusalOf(new byte[] {99}).contains("says 99, which means nothing"));
    byte[] other = ByteBuffer.allocate(9).put(accepted).putInt(4).putInt(1).array();
    assertTrue(refusalOf(other).contains("sent a manifest that is not"));
    byte[] busy = {(byte) WireFormat.Answer.BUSY.ordinal()};
    assertTrue(refusalOf(busy).contains("refuses: this receiver is one connection too many"));
  }
}
