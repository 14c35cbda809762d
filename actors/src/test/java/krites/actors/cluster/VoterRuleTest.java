package krites.actors.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import krites.actors.cluster.VoterRule.Seen;
import krites.actors.cluster.VoterRule.Verdict;
import org.junit.jupiter.api.Test;

final class VoterRuleTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private static VoterRule rule(int quorum) {
    return new VoterRule(
        new VoterRule.Limits(
            quorum,
            Duration.ofSeconds(5),
            Duration.ofSeconds(20),
            Duration.ofSeconds(12),
            Duration.ofSeconds(60)));
  }

  private static Seen voter(String name, boolean reachable) {
    return new Seen(name, true, reachable, false);
  }

  private static Seen worker(String name, boolean reachable) {
    return new Seen(name, false, reachable, false);
  }

  @Test
  void aWorkerIsGivenUpAfterItsTimeAndAVoterLater() {
    VoterRule rule = rule(2);
    List<Seen> seen =
        List.of(voter("a", true), voter("b", true), voter("c", false), worker("w", false));
    assertEquals(Set.of(), rule.look("a", seen, 0).down());
    assertEquals(Set.of(), rule.look("a", seen, 4 * SECOND).down());
    assertEquals(Set.of("w"), rule.look("a", seen, 5 * SECOND).down());
    assertEquals(Set.of("w", "c"), rule.look("a", seen, 20 * SECOND).down());
  }

  @Test
  void whoseProcessHasEndedIsGivenUpAtOnceByAQuorum() {
    VoterRule rule = rule(2);
    Seen ended = new Seen("c", true, true, true);
    Seen worker = new Seen("w", false, true, true);
    assertEquals(
        Set.of("c", "w"),
        rule.look("a", List.of(voter("a", true), voter("b", true), ended, worker), 0).down());
    assertEquals(
        Set.of(),
        rule.look("w2", List.of(voter("a", true), voter("b", true), ended, worker), 0).down(),
        "who has no vote gives up nobody");
    assertEquals(
        Set.of(),
        rule.look("a", List.of(voter("a", true), ended, worker), SECOND).down(),
        "one voter is no quorum, and one that has ended does not count");
    assertTrue(rule.look("a", List.of(voter("a", true), ended), 13 * SECOND).downSelf());
  }

  @Test
  void whoCameBackBeginsANewTime() {
    VoterRule rule = rule(1);
    List<Seen> away = List.of(voter("a", true), worker("w", false));
    List<Seen> back = List.of(voter("a", true), worker("w", true));
    rule.look("a", away, 0);
    rule.look("a", back, 4 * SECOND);
    assertEquals(Set.of(), rule.look("a", away, 5 * SECOND).down());
    assertEquals(Set.of("w"), rule.look("a", away, 10 * SECOND).down());
  }

  @Test
  void aWorkerHasNoSay() {
    VoterRule rule = rule(1);
    List<Seen> seen = List.of(voter("a", true), worker("v", false), worker("w", true));
    rule.look("w", seen, 0);
    Verdict later = rule.look("w", seen, 100 * SECOND);
    assertEquals(Set.of(), later.down());
    assertFalse(later.downSelf());
  }

  @Test
  void withoutAQuorumANodeGivesItselfUpAndNobodyElse() {
    VoterRule rule = rule(2);
    List<Seen> whole = List.of(voter("a", true), voter("b", true), voter("c", true));
    List<Seen> alone = List.of(voter("a", true), voter("b", false), voter("c", false));
    rule.look("a", whole, 0);
    assertFalse(rule.look("a", alone, SECOND).downSelf());
    assertFalse(rule.look("a", alone, 12 * SECOND).downSelf());
    Verdict last = rule.look("a", alone, 13 * SECOND);
    assertTrue(last.downSelf());
    assertEquals(Set.of(), last.down());
  }

  @Test
  void beforeTheFirstQuorumAMemberWaitsLongerAndOneThatIsNoMemberWithoutAnEnd() {
    VoterRule rule = rule(2);
    assertEquals(new Verdict(Set.of(), false), rule.look("a", List.of(), 0));
    assertEquals(new Verdict(Set.of(), false), rule.look("a", List.of(), 1_000 * SECOND));
    List<Seen> first = List.of(voter("a", true));
    assertEquals(new Verdict(Set.of(), false), rule.look("a", first, 1_001 * SECOND));
    assertEquals(new Verdict(Set.of(), false), rule.look("a", first, 1_060 * SECOND));
    assertEquals(new Verdict(Set.of(), true), rule.look("a", first, 1_061 * SECOND));
  }

  @Test
  void whoFindsAQuorumInTimeStays() {
    VoterRule rule = rule(2);
    rule.look("a", List.of(voter("a", true)), 0);
    List<Seen> whole = List.of(voter("a", true), voter("b", true));
    assertFalse(rule.look("a", whole, 59 * SECOND).downSelf());
    assertFalse(rule.look("a", whole, 200 * SECOND).downSelf());
  }

  /** The wave that brings down the built-in resolver: dead workers that saw each other die. */
  @Test
  void aWaveOfDyingWorkersCostsNoVoter() {
    VoterRule rule = rule(1);
    List<Seen> seen = new ArrayList<>(List.of(voter("a", true)));
    for (int i = 0; i < 6; i++) {
      seen.add(worker("w" + i, true));
    }
    Set<String> given = new HashSet<>();
    for (int second = 0; second < 40; second++) {
      int dead = Math.min(6, second / 3);
      for (int i = 0; i < dead; i++) {
        seen.set(1 + i, worker("w" + i, false));
      }
      Verdict verdict = rule.look("a", seen, second * SECOND);
      assertFalse(verdict.downSelf());
      given.addAll(verdict.down());
    }
    assertEquals(Set.of("w0", "w1", "w2", "w3", "w4", "w5"), given);
  }

  /**
   * Of two sides of a cut, at most one gives the other up, and where one gives up voters, the other
   * has given itself up before.
   */
  @Test
  void twoSidesNeverBothGoOn() {
    for (long seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      int voters = 1 + random.nextInt(5);
      int quorum = voters / 2 + 1;
      int left = random.nextInt(voters + 1);
      VoterRule here = rule(quorum);
      VoterRule there = rule(quorum);
      here.look("v0", sides(voters, voters, true), 0);
      there.look("v" + (voters - 1), sides(voters, voters, true), 0);
      boolean hereGone = false;
      boolean thereGone = false;
      for (int second = 1; second < 60; second++) {
        Verdict first = here.look("v0", sides(voters, left, true), second * SECOND);
        Verdict other = there.look("v" + (voters - 1), sides(voters, left, false), second * SECOND);
        hereGone |= first.downSelf();
        thereGone |= other.downSelf();
        assertTrue(
            first.down().isEmpty() || voters == left || thereGone || other.downSelf(),
            "seed " + seed);
        assertTrue(
            other.down().isEmpty() || left == 0 || hereGone || first.downSelf(), "seed " + seed);
      }
      assertTrue(hereGone || thereGone || left == 0 || left == voters, "seed " + seed);
    }
  }

  /** The voters as one side sees them; the first {@code left} are on the left. */
  private static List<Seen> sides(int voters, int left, boolean fromLeft) {
    List<Seen> seen = new ArrayList<>();
    for (int i = 0; i < voters; i++) {
      boolean onLeft = i < left;
      seen.add(voter("v" + i, onLeft == fromLeft || left == voters));
    }
    return seen;
  }
}
