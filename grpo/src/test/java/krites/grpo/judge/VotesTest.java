package krites.grpo.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import krites.grpo.Label;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VotesTest {
  @ParameterizedTest
  @CsvSource({
    "1, 0, 0, 0, FIRST",
    "0, 1, 0, 0, SECOND",
    "2, 1, 5, 0, FIRST",
    "0, 1, 1, 3, SECOND",
    "1, 1, 0, 0, TIE",
    "0, 0, 1, 4, TIE",
    "0, 0, 0, 2, "
  })
  void mostPreferencesDecide(int first, int second, int ties, int unread, Label verdict) {
    Votes votes = new Votes(first, second, ties, unread);

    assertEquals(Optional.ofNullable(verdict), votes.verdict());
    assertEquals(first + second + ties + unread, votes.total());
  }

  @Test
  void verdictsAreCounted() {
    List<Optional<Label>> verdicts =
        List.of(
            Optional.of(Label.SECOND),
            Optional.empty(),
            Optional.of(Label.SECOND),
            Optional.of(Label.TIE),
            Optional.of(Label.FIRST));

    assertEquals(new Votes(1, 2, 1, 1), Votes.of(verdicts));
    assertEquals(new Votes(2, 4, 2, 2), Votes.of(verdicts).plus(Votes.of(verdicts)));
    assertThrows(IllegalArgumentException.class, () -> new Votes(0, -1, 0, 0));
  }

  @Test
  void theOrdersAgreeWhenBothHaveTheSameVerdict() {
    Votes first = new Votes(1, 0, 0, 0);
    Votes second = new Votes(0, 1, 0, 0);
    Votes unread = new Votes(0, 0, 0, 1);

    assertEquals(Optional.empty(), new PairVotes(first, Optional.empty()).consistent());
    assertEquals(Optional.of(true), new PairVotes(first, Optional.of(first)).consistent());
    assertEquals(Optional.of(false), new PairVotes(first, Optional.of(second)).consistent());
    assertEquals(Optional.of(false), new PairVotes(unread, Optional.of(unread)).consistent());
    assertEquals(Optional.of(Label.TIE), new PairVotes(first, Optional.of(second)).verdict());
    assertEquals(Optional.of(Label.FIRST), new PairVotes(first, Optional.of(unread)).verdict());
    assertEquals(Optional.empty(), new PairVotes(unread, Optional.of(unread)).verdict());
  }
}
