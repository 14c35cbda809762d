package krites.app.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;
import krites.grpo.port.MemberPlane;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MemberPlanesTest {
  private static final String SECRET = "0123456789abcdef0123456789abcdef";
  private static final MemberPlanes PLANES =
      new MemberPlanes("127.0.0.1", "127.0.0.1", 0, Optional.empty());

  @Test
  void membersSpeakUntilOneIsGone() throws Exception {
    try (MemberPlane first = PLANES.open(SECRET);
        MemberPlane second = PLANES.open(SECRET)) {
      List<String> addresses = List.of(first.address(), second.address());
      String ticket = first.freshTicket();
      CompletableFuture<MemberExchange> joining =
          CompletableFuture.supplyAsync(() -> second.join(ticket, addresses, 1));
      MemberExchange one = first.join(ticket, addresses, 0);
      MemberExchange other = joining.get();
      assertEquals(List.of(0, 2, 1), List.of(one.rank(), one.members(), other.rank()));
      one.send(1, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      assertTrue(other.await(0, Duration.ofSeconds(20)));
      ByteBuffer got = ByteBuffer.allocate(3);
      other.receive(0, got);
      assertEquals(ByteBuffer.wrap(new byte[] {1, 2, 3}), got.flip());
      other.close();
      MemberLost lost =
          assertThrows(MemberLost.class, () -> one.receive(1, ByteBuffer.allocate(1)));
      assertTrue(
          lost.getMessage().startsWith("the learner lost a member: member 1: "), lost.getMessage());
    }
  }

  @Test
  void membersOfAnotherJobAreRefused() {
    try (MemberPlane first = PLANES.open(SECRET);
        MemberPlane stranger = PLANES.open("f".repeat(32))) {
      String ticket = first.freshTicket();
      List<String> addresses = List.of(first.address(), stranger.address());
      MemberLost refused =
          assertThrows(MemberLost.class, () -> stranger.join(ticket, addresses, 1));
      assertTrue(refused.getMessage().endsWith("belongs to another run"), refused.getMessage());
    }
  }
}
