package krites.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same transfers with certificates on both ends, and who is kept out by them. */
@Timeout(120)
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final TransferSettings PATIENT =
      new TransferSettings(2, Duration.ofSeconds(5), Duration.ofSeconds(5), 1, 16, true);

  private static final Ticket TICKET = Ticket.parse("00".repeat(16));

  @TempDir static Path keys;
  @TempDir Path temp;

  private static Carrier ours;
  private static Carrier stranger;
  private static Carrier elsewhere;

  @BeforeAll
  static void makeCertificates() throws Exception {
    ours = Carrier.tls(context(store("ours", "ip:127.0.0.1"), "ours"));
    stranger = Carrier.tls(context(store("stranger", "ip:127.0.0.1"), "stranger"));
    elsewhere = Carrier.tls(context(store("elsewhere", "dns:elsewhere.example"), "elsewhere"));
  }

  private static KeyStore store(String name, String address) throws Exception {
    Path file = keys.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-ext",
                "san=" + address,
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                file.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertEquals(0, keytool.waitFor());
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    return store;
  }

  /** Shows its own certificate, and trusts that and no other. */
  private static SSLContext context(KeyStore store, String name) throws Exception {
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(store, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry(name, store.getCertificate(name));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private Node serving(Carrier carrier) throws Exception {
    byte[] bytes = new byte[2 * Manifest.CHUNK + 77];
    new Random(1).nextBytes(bytes);
    Path content = Files.createDirectories(temp.resolve("content"));
    Files.write(content.resolve("model.safetensors"), bytes);
    Node node = new Node(temp, PATIENT, carrier);
    node.shelf.put(content, Manifest.ofFolder(content, TICKET, true), TICKET);
    return node;
  }

  private Path fetch(Node from, Carrier carrier) throws Exception {
    Path folder = Files.createDirectories(temp.resolve("target"));
    try (Node target = new Node(folder, PATIENT, carrier)) {
      return target.receiver.fetch(
          new ContentReceiver.Order(
              "v1",
              Manifest.ofFolder(temp.resolve("content"), TICKET, true).digest(),
              TICKET,
              List.of(from.address())));
    }
  }

  private String refusal(Node from, Carrier carrier) {
    return assertThrows(TransferException.class, () -> fetch(from, carrier)).getMessage();
  }

  @Test
  void whoHasTheCertificateGetsEveryByte() throws Exception {
    try (Node source = serving(ours)) {
      Path got = fetch(source, ours);
      assertEquals(
          -1,
          Files.mismatch(
              temp.resolve("content/model.safetensors"), got.resolve("model.safetensors")));
      assertEquals(List.of(), source.refused);
    }
  }

  @Test
  void anotherCertificateAPlainClientAndNoiseAreRefusedInOneLineEach() throws Exception {
    try (Node source = serving(ours)) {
      assertTrue(refusal(source, stranger).contains("do not agree on TLS"));
      assertTrue(refusal(source, Carrier.PLAIN).contains("cannot be had from any source"));
      try (Socket socket = new Socket(source.address().getAddress(), source.address().getPort())) {
        socket.getOutputStream().write(new byte[5000]);
        socket.getOutputStream().flush();
        assertEquals(-1, drain(socket));
      }
      while (source.refused.size() < 3) {
        Thread.sleep(10);
      }
      assertEquals(3, source.refused.size(), source.refused::toString);
      assertEquals(List.of(), source.broken);
      fetch(source, ours);
    }
  }

  private static int drain(Socket socket) throws Exception {
    try {
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {
        continue;
      }
      return -1;
    } catch (java.net.SocketException e) {
      return -1; // reset: the server closed with bytes unread
    }
  }

  @Test
  void aSourceUnderAnotherNameThanItsCertificateSaysIsNotBelieved() throws Exception {
    try (Node source = serving(elsewhere)) {
      String refused = refusal(source, elsewhere);
      assertTrue(refused.contains("do not agree on TLS"), refused);
    }
  }

  /** Both ends of both streams of a circle show certificates. */
  @Test
  void aMemberOfACircleNeedsACertificateThatTheOthersTrust() throws Exception {
    assertEquals(7, fromTheOther(ours));
    TransferException refused = assertThrows(TransferException.class, () -> fromTheOther(stranger));
    assertTrue(refused.getMessage().contains("do not agree on TLS"), refused.getMessage());
  }

  /** What a member with our certificate gets from one with another. */
  private static int fromTheOther(Carrier carrier) throws Exception {
    try (PeerStreams one = member(ours);
        PeerStreams other = member(carrier)) {
      PeerStreams.Plan plan = new PeerStreams.Plan(TICKET, List.of(one.address(), other.address()));
      Thread.ofPlatform().start(() -> sendSeven(other, plan));
      one.join(plan, 0, Duration.ofSeconds(20));
      ByteBuffer got = ByteBuffer.allocate(1);
      one.receive(1, got);
      return got.get(0);
    }
  }

  private static void sendSeven(PeerStreams member, PeerStreams.Plan plan) {
    try {
      member.join(plan, 1, Duration.ofSeconds(20));
      member.send(0, ByteBuffer.wrap(new byte[] {7}));
    } catch (IOException | InterruptedException e) {
      return; // it is refused, and the other end says so
    }
  }

  private static PeerStreams member(Carrier carrier) throws Exception {
    TransferListener nobody =
        new TransferListener() {
          @Override
          public void refused(String peer, String reason) {}

          @Override
          public void broken(String peer, String reason) {}
        };
    return PeerStreams.open(Node.loopback(0), TICKET, PATIENT, carrier, nobody);
  }

  @Test
  void aPlainSourceIsNotBelieved() throws Exception {
    try (Node source = serving(Carrier.PLAIN)) {
      assertTrue(refusal(source, ours).contains("cannot be had from any source"));
    }
  }
}
