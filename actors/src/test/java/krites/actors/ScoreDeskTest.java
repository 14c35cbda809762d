package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import krites.grpo.EncodedPrompt;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.LogProbs;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Task;
import krites.grpo.TokenIds;
import krites.grpo.TokenVersions;
import krites.grpo.flow.CircuitBreaker.State;
import krites.grpo.flow.RewardPolicy;
import krites.grpo.flow.RewardPolicy.OnFailure;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Times are in milliseconds here; a deadline is 100 of them, a cooldown 1,000. */
final class ScoreDeskTest {
  private final Map<String, TestInbox<RewardWorker.Command>> inboxes = new TreeMap<>();
  private ScoreDesk desk = desk(2, 0, OnFailure.DROP);

  @Test
  void aWorkerHoldsOneGroupAtATimeAndTheOthersTakeTurns() {
    join("a", 0);
    join("b", 0);
    submit(0, 1, 2, 3);
    assertEquals(List.of("1"), received("a"));
    assertEquals(List.of("2"), received("b"));
    assertTrue(done("b", 2, 10));
    assertEquals(List.of("3"), received("b"));
    assertEquals(
        List.of("a scores group 1 for 0.1 s", "b scores group 3 for 0.0 s"), desk.describe(ms(50)));
    assertTrue(done("b", 3, 60));
    assertTrue(done("a", 1, 60));
    submit(70, 4);
    assertEquals(List.of("4"), received("a"), "its last turn is longer ago");
    assertEquals(1, desk.size());
  }

  @Test
  void groupsWaitForTheFirstWorker() {
    submit(0, 1);
    assertEquals(
        List.of(new ScoreDesk.ScoreWait(1, "", 0, 1)), desk.waits(0), "nobody is asked yet");
    assertEquals(
        List.of("nobody scores groups [1] for 0.0 s (no reward worker is ready)"),
        desk.describe(ms(20)));
    join("a", 20);
    assertEquals(List.of("1"), received("a"));
    assertEquals(List.of(new ScoreDesk.ScoreWait(1, "a", ms(20), 1)), desk.waits(ms(30)));
  }

  @Test
  void aGroupThatIsLateGoesToAnotherWorkerAndTheLateOneIsAskedWhetherItLives() {
    join("a", 0);
    join("b", 0);
    submit(0, 1);
    assertEquals(List.of(), tick(99));
    assertEquals(List.of(), tick(100));
    assertEquals(List.of("1", "ping"), received("a"));
    assertEquals(List.of("1"), received("b"));
    assertEquals(List.of(new ScoreDesk.ScoreWait(1, "b", ms(100), 2)), desk.waits(ms(100)));
    submit(110, 2);
    assertEquals(List.of(), received("a"), "a suspect gets no new group");
    assertEquals(
        List.of(
            "a has not answered for group 1 for 0.2 s",
            "b scores group 1 for 0.1 s",
            "nobody scores groups [2] for 0.1 s (all reward workers are busy)"),
        desk.describe(ms(190)));
  }

  @Test
  void ofTwoAnswersTheFirstCountsWhoeverGivesIt() {
    join("a", 0);
    join("b", 0);
    submit(0, 1);
    tick(100);
    assertTrue(done("a", 1, 150), "late, but the group is open");
    assertFalse(done("b", 1, 160));
    assertFalse(done("a", 1, 170), "doubled");
    submit(180, 2, 3);
    assertEquals(List.of("1", "ping", "2"), received("a"), "it has answered");
    assertEquals(List.of("1", "3"), received("b"));
  }

  @Test
  void aWorkerThatWasNeverAskedHasNothingToSay() {
    join("a", 0);
    join("b", 0);
    submit(0, 1);
    assertFalse(done("b", 1, 10));
    desk.failed("b", 1, "not mine", ms(10));
    assertEquals(List.of(new ScoreDesk.ScoreWait(1, "a", 0, 1)), desk.waits(ms(10)));
    assertFalse(done("nobody", 1, 10));
    assertTrue(done("a", 1, 20));
  }

  @Test
  void anAnswerToThePingBringsAWorkerBackWhoseMessageWasLost() {
    join("a", 0);
    submit(0, 1);
    assertEquals(List.of("1"), received("a")); // let it be lost
    tick(100);
    assertEquals(List.of("ping"), received("a"));
    tick(150);
    assertEquals(List.of(), received("a"), "one ping per deadline");
    tick(200);
    assertEquals(List.of("ping"), received("a"));
    join("a", 210);
    assertEquals(List.of(), tick(220));
    assertEquals(List.of(), received("a"), "two deadlines were all its tries");
    assertEquals(0, desk.size());
  }

  @Test
  void theOnlyWorkerIsAskedAgainAsSoonAsItAnswers() {
    join("a", 0);
    submit(0, 1);
    tick(100);
    join("a", 101);
    assertEquals(List.of("1", "ping", "1"), received("a"));
    join("a", 102);
    assertEquals(List.of(), received("a"), "reporting twice changes nothing");
    assertTrue(done("a", 1, 110));
  }

  @Test
  void aGroupIsGivenUpWhenItsTriesAreUsedUp() {
    join("a", 0);
    submit(0, 1);
    desk.failed("a", 1, "no box", ms(5));
    assertEquals(List.of("1", "1"), received("a"));
    desk.failed("a", 1, "no box again", ms(6));
    desk.failed("a", 1, "no box again", ms(6));
    assertEquals(List.of("1: no box again"), tick(7));
    assertEquals(List.of(), tick(8), "it is told once");
    assertFalse(done("a", 1, 9));
    assertEquals(0, desk.size());
  }

  @Test
  void aWorkerThatLeavesIsAFailedTryOfItsGroup() {
    join("a", 0);
    submit(0, 1);
    desk.leave("a", ms(10));
    desk.leave("a", ms(10));
    assertEquals(List.of(), tick(10));
    join("b", 20);
    desk.leave("b", ms(30));
    assertEquals(List.of("1: reward worker b died"), tick(30));
  }

  @Test
  void withNobodyWhoAnswersAGroupWaitsOneDeadlineForEachTry() {
    join("a", 0);
    submit(0, 1, 2);
    assertEquals(List.of(), tick(100)); // group 1 was late; nobody is left
    assertEquals(List.of(), tick(199));
    assertEquals(List.of("1: no reward worker answered in 0.1 s"), tick(200));
    assertEquals(List.of("2: no reward worker answered in 0.1 s"), tick(300));
    assertEquals(List.of("a has not answered for group 1 for 0.3 s"), desk.describe(ms(300)));
    assertEquals(List.of(new ScoreDesk.Blocked("a", 0)), desk.blocked(ms(300)));
    assertEquals(List.of(), desk.blocked(ms(299)));
    join("a-1", 310); // its owner started another
    submit(310, 3);
    assertEquals(List.of("3"), received("a-1"));
  }

  @Test
  void busyWorkersAreWaitedForHoweverLongTheQueue() {
    desk = desk(1, 0, OnFailure.DROP);
    join("a", 0);
    submit(0, 1, 2, 3, 4, 5);
    for (long id = 1; id <= 5; id++) {
      assertEquals(List.of(), tick(90 * id));
      assertTrue(done("a", id, 90 * id));
    }
    assertEquals(0, desk.size());
  }

  @Test
  void aDefaultIsGivenInsteadOfADrop() {
    desk = desk(1, 0, OnFailure.DEFAULT);
    join("a", 0);
    submit(0, 1);
    desk.failed("a", 1, "no box", ms(5));
    ScoreDesk.GivenUp ended = desk.tick(ms(5)).getFirst();
    assertEquals(0.25, ended.byDefault().orElseThrow().rewards().getFirst().total());
    assertTrue(RewardPolicy.isDefault(ended.byDefault().orElseThrow().rewards().getFirst()));
  }

  @Test
  void anOpenCircuitGivesTheDefaultAtOnceUntilAProbeSucceeds() {
    desk = desk(1, 2, OnFailure.DEFAULT);
    join("a", 0);
    submit(0, 1, 2, 3, 4);
    desk.failed("a", 1, "down", ms(1));
    desk.failed("a", 2, "down", ms(2));
    assertEquals(State.OPEN, desk.circuit());
    assertEquals(
        List.of(
            "1: down", "2: down", "3: the circuit is open: down", "4: the circuit is open: down"),
        tick(3));
    submit(500, 5);
    assertEquals(List.of("5: the circuit is open: down"), tick(500));
    submit(1_002, 6, 7);
    assertEquals(List.of("1", "2", "6"), received("a"));
    assertEquals(List.of("7: the circuit is open: down"), tick(1_003), "one probe at a time");
    assertTrue(done("a", 6, 1_010));
    assertEquals(State.CLOSED, desk.circuit());
    submit(1_011, 8);
    assertEquals(List.of("8"), received("a"));
  }

  @Test
  void whereGroupsAreDroppedTheyWaitForTheProbe() {
    desk = desk(1, 2, OnFailure.DROP);
    join("a", 0);
    submit(0, 1, 2, 3, 4);
    desk.failed("a", 1, "down", ms(1));
    desk.failed("a", 2, "down", ms(2));
    assertEquals(List.of("1: down", "2: down"), tick(3));
    assertEquals(List.of(), tick(900));
    assertEquals(
        List.of("nobody scores groups [3, 4] for 0.9 s (the circuit is open: down)"),
        desk.describe(ms(900)));
    tick(1_002);
    desk.failed("a", 3, "still down", ms(1_005));
    assertEquals(List.of("3: still down"), tick(1_006));
    assertEquals(List.of(), tick(2_004));
    tick(2_005);
    assertTrue(done("a", 4, 2_010));
    assertEquals(List.of("1", "2", "3", "4"), received("a"));
  }

  @Test
  void deadlinesOpenTheCircuitTooAndEachChangeIsLoggedOnce() {
    Logger logger = (Logger) LoggerFactory.getLogger(ScoreDesk.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    logger.setAdditive(false);
    logger.setLevel(Level.INFO);
    try {
      desk = desk(1, 1, OnFailure.DEFAULT);
      join("a", 0);
      join("b", 0);
      submit(0, 1);
      tick(100);
      tick(200);
      assertEquals(State.OPEN, desk.circuit());
      submit(1_100, 2);
      tick(1_101);
      assertTrue(done("b", 2, 1_102));
      tick(1_103);
    } finally {
      logger.detachAppender(log);
      logger.setLevel(null);
      logger.setAdditive(true);
    }
    assertEquals(
        List.of(
            "reward worker a has not answered for group 1 within 0.1 s",
            "no rewards are asked for during 1.0 s: reward worker a gave no answer in 0.1 s",
            "one group is scored to see whether rewards are back",
            "rewards are back"),
        log.list.stream().map(ILoggingEvent::getFormattedMessage).toList());
  }

  @Test
  void aNewActorUnderAKnownNameIsAnotherWorker() {
    join("a", 0);
    submit(0, 1);
    TestInbox<RewardWorker.Command> second = TestInbox.create("a-second");
    desk.join("a", second.getRef(), ms(10));
    assertEquals("1", name(second.receiveMessage()));
    assertEquals(List.of(new ScoreDesk.ScoreWait(1, "a", ms(10), 2)), desk.waits(ms(10)));
  }

  @Test
  void anAnswerFromARoundBeforeIsNotTakenForAGroupOfTheSameNumber() {
    join("a", 0);
    join("b", 0);
    submit(0, -1);
    tick(100);
    desk.failed("b", -1, "no box", ms(110));
    assertEquals(List.of("-1: no box"), tick(110));
    submit(120, -1); // the next evaluation
    assertEquals(List.of("-1", "-1"), received("b"));
    assertFalse(done("a", -1, 130));
    assertTrue(done("b", -1, 140));
  }

  // --- helpers
  // -------------------------------------------------------------------------------------------------

  static ScoreDesk desk(int attempts, int breakerFailures, OnFailure onFailure) {
    return new ScoreDesk(
        new RewardPolicy(
            Duration.ofMillis(100),
            attempts,
            breakerFailures,
            Duration.ofMillis(1_000),
            onFailure,
            0.25));
  }

  static Group group(long id) {
    PolicyVersion version = new PolicyVersion(0, 0);
    Prompt prompt = new Prompt("p" + id, Task.CRITIC, "Which?", List.of(), "1", Map.of());
    Response response =
        new Response(
            TokenIds.of(7),
            LogProbs.of(0f),
            FinishReason.STOP,
            "yes",
            TokenVersions.of(version, 1));
    return new Group(
        id, prompt, new EncodedPrompt(TokenIds.of(1), List.of()), List.of(response, response));
  }

  static long ms(long millis) {
    return Duration.ofMillis(millis).toNanos();
  }

  static String name(RewardWorker.Command command) {
    return switch (command) {
      case RewardWorker.Score(Group group) -> Long.toString(group.id());
      case RewardWorker.Ping() -> "ping";
    };
  }

  private void join(String name, long now) {
    desk.join(name, inboxes.computeIfAbsent(name, key -> TestInbox.create(key)).getRef(), ms(now));
  }

  private void submit(long now, long... ids) {
    for (long id : ids) {
      desk.submit(group(id), ms(now));
    }
  }

  private boolean done(String name, long id, long now) {
    return desk.done(name, id, ms(now));
  }

  private List<String> tick(long now) {
    return desk.tick(ms(now)).stream()
        .map(ended -> ended.group().id() + ": " + ended.reason())
        .toList();
  }

  private List<String> received(String name) {
    List<String> received = new ArrayList<>();
    TestInbox<RewardWorker.Command> inbox = Optional.ofNullable(inboxes.get(name)).orElseThrow();
    while (inbox.hasMessages()) {
      received.add(name(inbox.receiveMessage()));
    }
    return received;
  }
}
