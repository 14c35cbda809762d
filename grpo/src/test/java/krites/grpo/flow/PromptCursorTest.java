package krites.grpo.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import krites.grpo.Drop;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import org.junit.jupiter.api.Test;

final class PromptCursorTest {
  @Test
  void everyEpochIssuesEveryPromptOnceInAnotherOrder() {
    for (long size : new long[] {1, 2, 3, 4, 5, 16, 17, 100, 1000}) {
      PromptCursor cursor = new PromptCursor(size, 42, CursorState.start(size));
      List<Long> all = LongStream.range(0, size).boxed().toList();
      List<Long> first = issue(cursor, size);
      List<Long> second = issue(cursor, size);
      assertEquals(all, sorted(first));
      assertEquals(all, sorted(second));
      if (size >= 16) {
        assertNotEquals(first, second);
        assertNotEquals(all, first);
      }
    }
  }

  @Test
  void aShuffleOfManyItemsNeedsNoListAndCollidesNowhere() {
    Shuffle shuffle = new Shuffle(5_000_000_000L, 3);
    Set<Long> seen = new HashSet<>();
    for (long i = 0; i < 10_000; i++) {
      long at = shuffle.at(i * 499_999);
      assertTrue(at >= 0 && at < 5_000_000_000L && seen.add(at), "index " + i);
    }
  }

  @Test
  void aShuffleSpreadsItsItemsEvenly() {
    double sum = 0;
    for (long seed = 0; seed < 2_000; seed++) {
      sum += new Shuffle(1000, seed).at(seed % 7);
    }
    assertEquals(
        499.5, sum / 2_000, 4 * 288.7 / Math.sqrt(2_000)); // four standard errors of a uniform mean
  }

  @Test
  void whatComesBackIsIssuedFirstAndLowestFirst() {
    PromptCursor cursor = new PromptCursor(10, 1, CursorState.start(10));
    PromptTicket zero = next(cursor);
    PromptTicket one = next(cursor);
    cursor.giveBack(one.again());
    cursor.giveBack(zero);
    assertEquals(
        List.of(zero, one.again(), new PromptTicket(2, 0)),
        List.of(next(cursor), next(cursor), next(cursor)));
    assertThrows(IllegalStateException.class, () -> cursor.giveBack(new PromptTicket(3, 0)));
  }

  @Test
  void whatIsKeptAsideNeverFallsDueButIsNotLost() {
    PromptCursor cursor = new PromptCursor(10, 1, CursorState.start(10));
    PromptTicket zero = next(cursor);
    cursor.keepAside(zero);
    assertEquals(new PromptTicket(1, 0), cursor.due());
    assertEquals(List.of(zero), cursor.state().returned());
    cursor.take(zero);
    assertEquals(List.of(), cursor.state().returned());
  }

  @Test
  void aTicketIsNeitherSkippedNorTakenNorHandedBackTwice() {
    PromptCursor cursor = new PromptCursor(10, 1, CursorState.start(10));
    PromptTicket zero = next(cursor);
    for (PromptTicket wrong :
        List.of(zero, new PromptTicket(2, 0), new PromptTicket(1, 1), zero.again())) {
      assertThrows(IllegalStateException.class, () -> cursor.take(wrong));
    }
    cursor.giveBack(zero.again());
    assertThrows(IllegalStateException.class, () -> cursor.giveBack(zero));
    assertThrows(IllegalStateException.class, () -> cursor.keepAside(zero.again()));
    assertThrows(IllegalStateException.class, () -> cursor.take(zero));
    assertEquals(new CursorState(10, PromptMix.NONE, 1, List.of(zero.again())), cursor.state());
  }

  @Test
  void aCursorGoesOnWhereItsStateWasTaken() {
    PromptCursor cursor = new PromptCursor(7, 5, CursorState.start(7));
    issue(cursor, 10);
    cursor.giveBack(new PromptTicket(4, 1));
    PromptCursor again = new PromptCursor(7, 5, cursor.state());
    assertEquals(issue(cursor, 20), issue(again, 20));
    assertThrows(IllegalArgumentException.class, () -> new PromptCursor(8, 5, cursor.state()));
  }

  @Test
  void everyStretchOfAMixHasItsShareAndEveryPromptOfAPartComesOnceAnEpoch() {
    long first = 7;
    long second = 5;
    for (double share : new double[] {0.000001, 0.1, 0.25, 0.3, 1.0 / 3, 0.5, 0.8, 0.999999}) {
      PromptCursor cursor = mixed(first + second, PromptMix.of(second, share));
      List<Long> issued = issue(cursor, 2_000);
      List<Long> ofFirst = issued.stream().filter(index -> index < first).toList();
      List<Long> ofSecond = issued.stream().filter(index -> index >= first).toList();
      assertEpochs(ofFirst, 0, first);
      assertEpochs(ofSecond, first, second);
      for (int length : new int[] {1, 4, 16, 100}) {
        for (int at = 0; at + length <= issued.size(); at++) {
          long here =
              issued.subList(at, at + length).stream().filter(index -> index >= first).count();
          assertTrue(
              Math.abs(here - share * length) < 1,
              here + " of " + length + " at " + at + " with the share " + share);
        }
      }
    }
  }

  @Test
  void aPlaceOfAMixIsTheSamePromptAfterAResume() {
    PromptMix mix = PromptMix.of(30, 0.37);
    PromptCursor cursor = mixed(100, mix);
    issue(cursor, 123);
    PromptCursor again = new PromptCursor(100, 5, cursor.state());
    assertEquals(mix, again.state().mix());
    assertEquals(issue(cursor, 200), issue(again, 200));
    assertEquals(cursor.index(new PromptTicket(17, 0)), again.index(new PromptTicket(17, 3)));
  }

  @Test
  void partsOfOneSizeAreNotIssuedSideBySide() {
    List<Long> issued = issue(mixed(200, PromptMix.of(100, 0.5)), 200);
    long pairs = 0;
    for (int i = 0; i < issued.size(); i += 2) {
      pairs += issued.get(i) + 100 == issued.get(i + 1) ? 1 : 0;
    }
    assertTrue(pairs < 10, pairs + " of 100 neighbours are the same item");
  }

  @Test
  void anImpossibleMixIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> PromptMix.of(0, 0.5));
    assertThrows(IllegalArgumentException.class, () -> PromptMix.of(3, 0));
    assertThrows(IllegalArgumentException.class, () -> PromptMix.of(3, 1));
    assertThrows(IllegalArgumentException.class, () -> PromptMix.of(-1, 0.5));
    assertThrows(IllegalArgumentException.class, () -> mixed(3, PromptMix.of(3, 0.5)));
  }

  private static PromptCursor mixed(long size, PromptMix mix) {
    return new PromptCursor(size, 5, CursorState.start(size, mix));
  }

  private static void assertEpochs(List<Long> issued, long from, long size) {
    List<Long> all = LongStream.range(from, from + size).boxed().toList();
    for (int at = 0; at + size <= issued.size(); at += (int) size) {
      assertEquals(all, sorted(issued.subList(at, at + (int) size)));
    }
  }

  @Test
  void theSeedOfAGroupDependsOnRunTicketAndAttemptOnly() {
    long seed = Seeds.ofGroup(1, new PromptTicket(5, 0));
    assertEquals(seed, Seeds.ofGroup(1, new PromptTicket(5, 0)));
    Set<Long> seeds = new HashSet<>();
    for (long run = 0; run < 10; run++) {
      for (long number = 0; number < 100; number++) {
        for (int attempt = 0; attempt < 3; attempt++) {
          assertTrue(seeds.add(Seeds.ofGroup(run, new PromptTicket(number, attempt))));
        }
      }
    }
    assertNotEquals(Seeds.ofName(1, "prompts"), Seeds.ofName(1, "eval"));
  }

  @Test
  void equalRewardsAreDroppedOnlyWhenTheFilterIsOn() {
    assertEquals(Optional.empty(), GroupFilter.OFF.judge(scored(1, 1)));
    assertEquals(Optional.of(Drop.FLAT), GroupFilter.FLAT.judge(scored(1, 1)));
    assertEquals(Optional.empty(), GroupFilter.FLAT.judge(scored(1, 0.9)));
  }

  private static ScoredGroup scored(double first, double second) {
    PolicyVersion version = new PolicyVersion(0, 0);
    Prompt prompt = new Prompt("p", Task.CRITIC, "text", List.of(), "1", Map.of());
    Response response =
        new Response(
            TokenIds.of(1), LogProbs.of(-1f), FinishReason.STOP, "x", TokenVersions.of(version, 1));
    Group group =
        new Group(
            1, prompt, new EncodedPrompt(TokenIds.of(1), List.of()), List.of(response, response));
    return new ScoredGroup(
        group, List.of(new Reward(first, Map.of()), new Reward(second, Map.of())));
  }

  private static PromptTicket next(PromptCursor cursor) {
    PromptTicket ticket = cursor.due();
    cursor.take(ticket);
    return ticket;
  }

  private static List<Long> issue(PromptCursor cursor, long count) {
    List<Long> issued = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      issued.add(cursor.index(next(cursor)));
    }
    return issued;
  }

  private static List<Long> sorted(List<Long> values) {
    List<Long> copy = new ArrayList<>(values);
    Collections.sort(copy);
    return copy;
  }
}
