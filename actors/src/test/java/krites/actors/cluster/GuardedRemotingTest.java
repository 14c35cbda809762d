package krites.actors.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.typed.Cluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Strangers at the port of the actors, plain and with TLS. */
final class GuardedRemotingTest {
  private static final String PASSWORD = "changeit";
  private static final String TLS =
      """
      pekko.remote.artery {
        transport = tls-tcp
        ssl.config-ssl-engine {
          key-store = "%1$s", trust-store = "%1$s"
          key-store-password = changeit, key-password = changeit, trust-store-password = changeit
          protocol = "TLSv1.3", enabled-algorithms = ["TLS_AES_256_GCM_SHA384"]
        }
      }
      """;

  private final LinkedBlockingQueue<String> refused = new LinkedBlockingQueue<>();

  private static ActorSystem<String> system(
      String name, String settings, LinkedBlockingQueue<String> heard) {
    Config config =
        ConfigFactory.parseString(
                """
                pekko.actor.provider = cluster
                pekko.loglevel = OFF
                pekko.stdout-loglevel = OFF
                pekko.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                """)
            .withFallback(ConfigFactory.parseString(settings))
            .withFallback(ConfigFactory.load());
    Behavior<String> hears =
        Behaviors.receiveMessage(
            message -> {
              heard.add(message);
              return Behaviors.same();
            });
    return ActorSystem.create(hears, name, config);
  }

  /** Whether what was sent led to the end of the connection. */
  private static boolean isEnded(int port, byte[] bytes) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(bytes);
      for (int read = 0; read >= 0; ) {
        read = socket.getInputStream().read(); // an alert of TLS may come before the end
      }
      return true;
    } catch (java.net.SocketException reset) {
      return true;
    }
  }

  private void strangersAreRefused(String settings, String noise, String frame) throws Exception {
    LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
    CountDownLatch ended = new CountDownLatch(1);
    ActorSystem<String> node = system("node", settings, heard);
    ActorSystem<String> other = system("other", settings, new LinkedBlockingQueue<>());
    try {
      GuardedRemoting.guard(
          node,
          new FrameGuard.Listener() {
            @Override
            public void refused(String reason) {
              refused.add(reason);
            }

            @Override
            public void ended() {
              ended.countDown();
            }
          });
      var address = Cluster.get(node).selfMember().address();
      int port = address.getPort().orElseThrow();
      byte[] random = new byte[300];
      new Random(1).nextBytes(random);
      byte[] huge = "AKKA\1\377\377\377\177 and so on".getBytes(StandardCharsets.ISO_8859_1);
      assertTrue(isEnded(port, random));
      assertTold(noise);
      assertTrue(isEnded(port, huge));
      assertTold(frame);

      ActorRef<String> ref =
          Adapter.toTyped(Adapter.toClassic(other).provider().resolveActorRef(address + "/user"));
      ref.tell("hello");
      assertEquals("hello", heard.poll(60, TimeUnit.SECONDS));
      assertEquals(1, ended.getCount(), "strangers are not told as nodes");
      other.terminate();
      assertTrue(ended.await(60, TimeUnit.SECONDS));
      assertTrue(refused.isEmpty(), refused.toString());
    } finally {
      node.terminate();
      other.terminate();
    }
  }

  private void assertTold(String expected) throws InterruptedException {
    String told = String.valueOf(refused.poll(60, TimeUnit.SECONDS));
    assertTrue(told.contains(expected), told);
  }

  @Test
  void plain() throws Exception {
    strangersAreRefused("", "is no node", "a frame of 2147483647 bytes");
  }

  @Test
  void tls(@TempDir Path folder) throws Exception {
    Path store = folder.resolve("node.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "node",
                "-keyalg",
                "EC",
                "-dname",
                "CN=node",
                "-ext",
                "san=ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertEquals(0, keytool.waitFor());
    String reason = "before the TLS handshake was done";
    strangersAreRefused(TLS.formatted(store), reason, reason);
  }
}
