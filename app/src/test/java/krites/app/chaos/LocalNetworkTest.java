package krites.app.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
final class LocalNetworkTest {
  private static final int SOON_MILLIS = 100;

  @Test
  void whatIsSentIntoACutArrivesWhenItEnds() throws IOException {
    try (LocalNetwork network = LocalNetwork.open(2);
        ServerSocket listener =
            new ServerSocket(network.port(), 1, InetAddress.ofLiteral(LocalNetwork.inner(2)));
        Socket caller =
            new Socket(
                InetAddress.ofLiteral(LocalNetwork.outer(2)),
                network.port(),
                InetAddress.ofLiteral(LocalNetwork.inner(1)),
                0);
        Socket callee = listener.accept()) {
      caller.getOutputStream().write(7);
      assertEquals(7, callee.getInputStream().read());

      network.cut(1);
      caller.getOutputStream().write(8);
      callee.getOutputStream().write(9);
      callee.setSoTimeout(SOON_MILLIS);
      caller.setSoTimeout(SOON_MILLIS);
      assertThrows(SocketTimeoutException.class, () -> callee.getInputStream().read());
      assertThrows(SocketTimeoutException.class, () -> caller.getInputStream().read());

      network.heal(1);
      callee.setSoTimeout(0);
      caller.setSoTimeout(0);
      assertEquals(8, callee.getInputStream().read());
      assertEquals(9, caller.getInputStream().read());
    }
  }

  @Test
  void whatIsSentDuringADelayArrivesLater() throws IOException {
    try (LocalNetwork network = LocalNetwork.open(2);
        ServerSocket listener =
            new ServerSocket(network.port(), 1, InetAddress.ofLiteral(LocalNetwork.inner(2)));
        Socket caller = new Socket(InetAddress.ofLiteral(LocalNetwork.outer(2)), network.port());
        Socket callee = listener.accept()) {
      network.delay(2, 10 * SOON_MILLIS);
      caller.getOutputStream().write(7);
      callee.setSoTimeout(SOON_MILLIS);
      assertThrows(SocketTimeoutException.class, () -> callee.getInputStream().read());
      callee.setSoTimeout(0);
      assertEquals(7, callee.getInputStream().read());
      network.heal(2);
    }
  }

  @Test
  void whoCallsAProcessThatIsAwayIsRefused() throws Exception {
    InetAddress outer = InetAddress.ofLiteral(LocalNetwork.outer(1));
    try (LocalNetwork network = LocalNetwork.open(1);
        ServerSocket listener =
            new ServerSocket(network.port(), 1, InetAddress.ofLiteral(LocalNetwork.inner(1)))) {
      network.setPresent(1, true); // it was already
      for (int again = 0; again < 50; again++) {
        network.setPresent(1, false);
        assertThrows(ConnectException.class, () -> new Socket(outer, network.port()).close());
        network.setPresent(1, true);
      }
      try (Socket caller = new Socket(outer, network.port());
          Socket callee = listener.accept()) {
        caller.getOutputStream().write(7);
        assertEquals(7, callee.getInputStream().read());
      }
    }
  }

  @Test
  void whoHasEndedIsNoticed() throws IOException {
    try (LocalNetwork network = LocalNetwork.open(1);
        Socket caller = new Socket(InetAddress.ofLiteral(LocalNetwork.outer(1)), network.port())) {
      assertEquals(-1, caller.getInputStream().read());
    }
  }
}
