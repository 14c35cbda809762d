package krites.grpo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.port.GroupRequest;
import org.junit.jupiter.api.Test;

class PartialGroupTest {
  private static final PolicyVersion V4 = new PolicyVersion(0, 4);
  private static final PolicyVersion V5 = new PolicyVersion(0, 5);
  private static final PartialResponse UNBEGUN =
      new PartialResponse(TokenIds.of(), LogProbs.of(), TokenVersions.NONE, Optional.empty());
  private static final PartialResponse BEGUN =
      new PartialResponse(
          TokenIds.of(1, 2),
          LogProbs.of(-1, -2),
          TokenVersions.of(V5, 1).concat(TokenVersions.of(V4, 1)),
          Optional.empty());

  @Test
  void theOldestVersionIsThatOfAnyTokenAndEmptyBeforeTheFirst() {
    assertEquals(Optional.of(V4), group(UNBEGUN, BEGUN).oldestVersion());
    assertEquals(2, group(UNBEGUN, BEGUN).responseTokens());
    assertEquals(Optional.empty(), group(UNBEGUN, UNBEGUN).oldestVersion());
  }

  @Test
  void aResponseHasOneLogProbAndOneVersionPerTokenAndEndsWithAToken() {
    TokenIds two = TokenIds.of(1, 2);
    TokenVersions versions = TokenVersions.of(V4, 2);
    assertThrows(
        IllegalArgumentException.class,
        () -> new PartialResponse(two, LogProbs.of(-1), versions, Optional.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PartialResponse(two, LogProbs.of(-1, -1), versions.prefix(1), Optional.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new PartialResponse(
                TokenIds.of(), LogProbs.of(), TokenVersions.NONE, Optional.of(FinishReason.STOP)));
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new Response(
                    two, LogProbs.of(-1, -1), FinishReason.STOP, "x", TokenVersions.of(V4, 3)));
    assertEquals("versions 3 for 2 tokens of a response", refused.getMessage());
  }

  @Test
  void aGroupGoesOnOnlyFromItself() {
    GroupRequest request =
        new GroupRequest(7, prompt("a"), new Sampling(2, 1, 1, 0, 1, 8), 1, Optional.empty(), 4);
    PartialGroup own = group(UNBEGUN, BEGUN);
    assertEquals(Optional.of(own), request.from(own).prefix());
    assertEquals(4, request.from(own).tokenBudget());
    assertEquals(request, request.from(own).fromNothing());
    for (PartialGroup other :
        List.of(
            new PartialGroup(8, own.prompt(), own.encoded(), own.responses()),
            new PartialGroup(7, prompt("b"), own.encoded(), own.responses()),
            group(BEGUN))) {
      assertThrows(IllegalArgumentException.class, () -> request.from(other));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> new GroupRequest(7, prompt("a"), request.sampling(), 1, Optional.empty(), -1));
  }

  private static PartialGroup group(PartialResponse... responses) {
    return new PartialGroup(
        7, prompt("a"), new EncodedPrompt(TokenIds.of(9), List.of()), List.of(responses));
  }

  private static Prompt prompt(String id) {
    return new Prompt(id, Task.CRITIC, "text", List.of(), "1", Map.of());
  }
}
