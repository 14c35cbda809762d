package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.TreeMap;
import krites.grpo.flow.RewardPolicy.OnFailure;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.Test;

/**
 * The desk among workers that answer, throw, are slow, block for ever and die, on a network that
 * loses, doubles and delays messages. After every event each group is open or has ended once; when
 * the faults are over and one worker answers, all groups end.
 */
final class ScoreDeskPropertyTest {
  private static final int SEEDS = 3_000;

  @Test
  void everyGroupEndsExactlyOnceWhateverGetsLost() {
    Map<String, Integer> seen = new TreeMap<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      new Simulation(seed, true)
          .run()
          .forEach((what, count) -> seen.merge(what, count, Integer::sum));
    }
    // The faults and their cures did happen.
    for (String what :
        List.of(
            "lost",
            "doubled",
            "threw",
            "blocked",
            "died",
            "scored",
            "late",
            "given up",
            "default")) {
      assertTrue(seen.getOrDefault(what, 0) > SEEDS / 20, what + " in " + seen);
    }
  }

  @Test
  void onANetworkThatOnlyLosesABlockedWorkerTakesOneGroupWithIt() {
    for (long seed = 0; seed < SEEDS / 3; seed++) {
      Simulation simulation = new Simulation(seed, false);
      simulation.run();
      simulation.takenByBlocked.forEach(
          (worker, count) -> assertEquals(1, count, simulation.where() + " " + worker));
    }
  }

  private record Event(long millis, long order, Runnable deed) {}

  private static final class Simulation {
    private final long seed;
    private final Random random;
    private final boolean doubles;
    private final int groups;
    private final OnFailure onFailure;
    private final ScoreDesk desk;
    private final PriorityQueue<Event> events =
        new PriorityQueue<>(
            Comparator.comparingLong(Event::millis).thenComparingLong(Event::order));
    private final TreeMap<String, TestInbox<RewardWorker.Command>> alive = new TreeMap<>();
    private final Map<String, String> habits = new HashMap<>();
    private final Map<Long, String> ends = new HashMap<>();
    private final Map<String, Integer> takenByBlocked = new TreeMap<>();
    private final Map<String, Integer> seen = new TreeMap<>();
    private long now;
    private long order;
    private int submitted;
    private int incarnations;
    private boolean calm;

    private Simulation(long seed, boolean doubles) {
      this.seed = seed;
      this.random = new Random(seed);
      this.doubles = doubles;
      this.groups = 1 + random.nextInt(20);
      this.onFailure = OnFailure.values()[random.nextInt(2)];
      this.desk =
          ScoreDeskTest.desk(
              1 + random.nextInt(3), random.nextBoolean() ? 0 : 1 + random.nextInt(4), onFailure);
    }

    private String where() {
      return "seed " + seed + " at " + now + " ms";
    }

    private Map<String, Integer> run() {
      for (int i = 0; i < random.nextInt(4); i++) {
        start("good slow throwing blocking".split(" ")[random.nextInt(4)]);
      }
      for (int i = 0; i < groups; i++) {
        at(random.nextInt(800), this::submit);
      }
      at(random.nextInt(1_000), this::kill);
      at(1_500, this::calm);
      at(0, this::tick);
      while (!events.isEmpty() && now < 60_000 && !(calm && ends.size() == groups)) {
        Event event = events.remove();
        now = event.millis();
        event.deed().run();
        deliver();
        check();
      }
      assertEquals(groups, ends.size(), where() + " " + desk.describe(ScoreDeskTest.ms(now)));
      assertEquals(0, desk.size(), where());
      return seen;
    }

    private void check() {
      assertEquals(submitted, ends.size() + desk.size(), where() + " a group was lost or doubled");
      desk.waits(ScoreDeskTest.ms(now))
          .forEach(
              wait ->
                  assertTrue(!ends.containsKey(wait.groupId()), where() + " open again: " + wait));
    }

    private void end(long id, String how) {
      assertEquals(null, ends.put(id, how), where() + " group " + id + " ended twice, now " + how);
      count(how);
    }

    private void submit() {
      desk.submit(ScoreDeskTest.group(++submitted), ScoreDeskTest.ms(now));
    }

    private void tick() {
      desk.tick(ScoreDeskTest.ms(now))
          .forEach(
              ended -> {
                assertEquals(
                    onFailure == OnFailure.DEFAULT, ended.byDefault().isPresent(), where());
                end(ended.group().id(), onFailure == OnFailure.DEFAULT ? "default" : "given up");
              });
      for (ScoreDesk.Blocked blocked : desk.blocked(ScoreDeskTest.ms(now))) {
        if (random.nextInt(4) == 0) {
          desk.leave(blocked.worker(), ScoreDeskTest.ms(now)); // its owner starts another
          alive.remove(blocked.worker());
          start("good");
        }
      }
      at(now + 1 + random.nextInt(60), this::tick);
    }

    /** From now on nothing is lost, and there is a worker that answers. */
    private void calm() {
      calm = true;
      start("good");
    }

    private void start(String habit) {
      String name = "reward-" + incarnations++;
      habits.put(name, habit);
      alive.put(name, TestInbox.create(name));
      report(name);
    }

    private void report(String name) {
      send(() -> join(name));
    }

    private void join(String name) {
      TestInbox<RewardWorker.Command> inbox = alive.get(name);
      if (inbox != null) {
        desk.join(name, inbox.getRef(), ScoreDeskTest.ms(now));
      }
    }

    private void kill() {
      if (!alive.isEmpty() && random.nextBoolean()) {
        String name = new ArrayList<>(alive.keySet()).get(random.nextInt(alive.size()));
        alive.remove(name);
        desk.leave(name, ScoreDeskTest.ms(now));
        count("died");
      }
    }

    /** What the desk sent arrives, or does not. */
    private void deliver() {
      for (Map.Entry<String, TestInbox<RewardWorker.Command>> entry :
          List.copyOf(alive.entrySet())) {
        while (entry.getValue().hasMessages()) {
          RewardWorker.Command command = entry.getValue().receiveMessage();
          send(() -> receive(entry.getKey(), command));
        }
      }
    }

    private void receive(String name, RewardWorker.Command command) {
      if (!alive.containsKey(name) || habit(name).equals("blocked")) {
        return;
      }
      switch (command) {
        case RewardWorker.Ping() -> report(name);
        case RewardWorker.Score(var group) -> score(name, group.id());
      }
    }

    private void score(String name, long id) {
      switch (habit(name)) {
        case "blocking" -> {
          takenByBlocked.merge(name, 1, Integer::sum);
          if (random.nextInt(3) == 0) {
            habits.put(name, "blocked");
            count("blocked");
          } else {
            takenByBlocked.remove(name);
            send(() -> done(name, id));
          }
        }
        case "slow" -> at(now + 50 + random.nextInt(400), () -> done(name, id));
        case "throwing" ->
            send(
                () -> {
                  count("threw");
                  desk.failed(name, id, "no box", ScoreDeskTest.ms(now));
                });
        default -> send(() -> done(name, id));
      }
    }

    private void done(String name, long id) {
      boolean counts = desk.done(name, id, ScoreDeskTest.ms(now));
      if (counts) {
        end(id, "scored");
      } else {
        count("late");
      }
    }

    private void send(Runnable arrival) {
      if (!calm && random.nextInt(6) == 0) {
        count("lost");
        return;
      }
      at(now + (doubles ? random.nextInt(20) : 1), arrival);
      if (doubles && !calm && random.nextInt(6) == 0) {
        count("doubled");
        at(now + random.nextInt(300), arrival);
      }
    }

    private String habit(String name) {
      return habits.getOrDefault(name, "good");
    }

    private void at(long millis, Runnable deed) {
      events.add(new Event(millis, order++, deed));
    }

    private void count(String what) {
      seen.merge(what, 1, Integer::sum);
    }
  }
}
