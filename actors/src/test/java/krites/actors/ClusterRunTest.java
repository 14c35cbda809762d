package krites.actors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import krites.grpo.flow.Account;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunSummary;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whole runs on several actor systems that form a cluster over loopback; fakes behind the ports.
 * Those that wait until somebody counts as gone are tagged {@code soak}.
 */
final class ClusterRunTest {
  @Test
  void threeNodesFormAClusterAndRunAJob() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      cluster.world.steps = 5;
      cluster.node("orchestrator", "params", "reward");
      cluster.node("learner");
      cluster.node("rollout");
      try (ClusterClient client = cluster.client()) {
        assertInstanceOf(Coordinator.Accepted.class, client.submit(ClusterWorld.job()));
        List<Long> steps = new ArrayList<>();
        Lead.Conclusion end = follow(client, steps);
        assertEquals(List.of("Completed"), end.lines());
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), steps);
        assertInstanceOf(Coordinator.Accepted.class, client.submit(ClusterWorld.job())); // heard
        ClusterSurvey.View view = client.survey();
        assertEquals(
            Set.of("[orchestrator, params, reward, voter]", "[learner]", "[rollout]"),
            view.members().stream()
                .map(member -> new TreeSet<>(member.roles()).toString())
                .collect(Collectors.toSet()));
        assertTrue(view.members().stream().allMatch(member -> member.said().isPresent()));
        KritesNode stranger = cluster.node(ConfigFactory.empty(), "krites 2", "rollout");
        ClusterWorld.await(
            "the end of a node of another version",
            () -> stranger.terminated().toCompletableFuture().isDone());
        assertEquals(3, client.survey().members().size());
      }
      RunSummary summary = summary(cluster);
      assertEquals(20, summary.account().trained());
      assertEquals(0, summary.account().inFlight());
      assertEquals(summary.account(), cluster.world.replayed().account());
    }
  }

  /** By its port, since here nobody is given up for being silent. */
  @Test
  void aNodeWhoseProcessHasEndedIsGoneAtOnceAndTheRunGoesOn() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      cluster.world.steps = 6;
      cluster.downing = ClusterWorld.PATIENT;
      cluster.node("orchestrator", "params", "reward", "learner");
      cluster.node("rollout");
      KritesNode mortal = cluster.mortalNode("rollout");
      try (ClusterClient client = cluster.client()) {
        ClusterWorld.await("all nodes", () -> client.survey().members().size() == 3);
        client.submit(ClusterWorld.job());
        mortal.close();
        ClusterWorld.await(
            "the end of the membership", () -> client.survey().members().size() == 2);
        assertEquals(List.of("Completed"), follow(client, new ArrayList<>()).lines());
      }
      assertEquals(0, summary(cluster).account().inFlight());
    }
  }

  /** It would step in for the other one. */
  @Test
  void aNodeThatHostsNothingYetIsPreparedToo() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      cluster.world.steps = 3;
      cluster.node("orchestrator", "params", "reward", "rollout");
      cluster.node("learner");
      cluster.node("learner");
      cluster.node("voter"); // it could host nothing
      try (ClusterClient client = cluster.client()) {
        ClusterWorld.await("all nodes", () -> client.survey().members().size() == 4);
        client.submit(ClusterWorld.job());
        assertEquals(List.of("Completed"), follow(client, new ArrayList<>()).lines());
      }
      assertEquals(3, cluster.prepared.get());
    }
  }

  @Test
  void theMembersOfALearnerAreOnNodesOfTheirOwnAndAllTakePartInEveryStep() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      cluster.world.steps = 5;
      cluster.world.learnerMembers = 3;
      cluster.node("orchestrator", "params", "reward", "rollout");
      cluster.node("learner");
      cluster.node("learner");
      try (ClusterClient client = cluster.client()) {
        client.submit(ClusterWorld.job());
        cluster.node("learner"); // the run waits for it
        assertEquals(List.of("Completed"), follow(client, new ArrayList<>()).lines());
      }
      assertEquals(List.of(3), List.copyOf(cluster.members.sizes));
      assertEquals(List.of(1, 2, 1, 2, 1, 2, 1, 2, 1, 2), List.copyOf(cluster.members.answers));
      assertEquals(20, summary(cluster).account().trained());
      assertEquals(summary(cluster).account(), cluster.world.replayed().account());
    }
  }

  /** The cluster gives the node up, and the run goes back; after a while without the member. */
  @Test
  @Tag("soak")
  void aRunGoesOnWithTheMembersOfItsLearnerThatAreLeft() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      World world = cluster.world;
      world.steps = 60;
      world.learnerMembers = 2;
      world.checkpointEvery = 2;
      world.recoveries = 0; // what a node loses counts as no failure
      world.beforeEachPiece = step -> pause(15);
      cluster.node("orchestrator", "params", "reward", "rollout");
      cluster.node("learner");
      try (ClusterClient client = cluster.client()) {
        KritesNode killed = cluster.mortalNode("learner");
        client.submit(ClusterWorld.job());
        ClusterWorld.await("steps", () -> world.batches.size() > 4);
        killed.close();
        ClusterWorld.await("a learner of one", () -> world.saved.size() > 8);
        assertEquals(List.of("Completed"), follow(client, new ArrayList<>()).lines());
      }
      assertEquals(List.of(2), List.copyOf(cluster.members.sizes), "the second life has one");
      assertEquals(summary(cluster).account(), world.replayed().account());
    }
  }

  @Test
  void weightsComeToARolloutNodeOverTheBulkPlaneBeforeItsWorkersTakeThem() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      cluster.bulk = true;
      cluster.world.steps = 5;
      evaluates(cluster.world, 1, 2);
      Set<String> early = ConcurrentHashMap.newKeySet();
      Set<String> taken = ConcurrentHashMap.newKeySet();
      cluster.world.beforeUpdate =
          update -> {
            taken.add(update.location());
            if (!cluster.fetched.contains(update.location())) {
              early.add(update.location());
            }
          };
      cluster.node("orchestrator", "params", "reward", "learner");
      cluster.node("rollout");
      try (ClusterClient client = cluster.client()) {
        client.submit(ClusterWorld.job());
        assertEquals(List.of("Completed"), follow(client, new ArrayList<>()).lines());
      }
      assertEquals(Set.of(), early);
      assertTrue(taken.size() > 1, () -> "weights taken over: " + taken);
      assertEquals(List.of(0L, 2L, 4L, 5L), evaluatedSteps(cluster));
    }
  }

  /** Else whoever leads would wait for its own coordinator until it gives up waiting. */
  @Test
  void theNodeThatLeadsLeavesWithoutWaiting() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      KritesNode leader =
          cluster.node(
              ConfigFactory.parseString(
                  "pekko.coordinated-shutdown.phases.cluster-exiting.timeout = 10 minutes"),
              "krites 1",
              "orchestrator");
      ClusterWorld.await("the node", leader::isUp);
      try (ClusterClient client = cluster.client()) {
        ClusterWorld.await("its coordinator", () -> !client.survey().members().isEmpty());
      }
      leader.close();
      ClusterWorld.await("its end", () -> leader.terminated().toCompletableFuture().isDone());
    }
  }

  /** One rollout node is killed and another leaves while a third comes. */
  @Test
  @Tag("soak")
  void rolloutNodesComeAndGoWhileTheRunGoesOn() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      World world = cluster.world;
      world.steps = 200;
      world.restarts = 0; // what a node loses counts as no failure
      world.beforeEachPiece = step -> pause(15);
      evaluates(world, 2, 20); // one at each node
      cluster.node("orchestrator", "params", "reward", "learner");
      KritesNode killed = cluster.mortalNode("rollout");
      KritesNode leaving = cluster.node("rollout");
      try (ClusterClient client = cluster.client()) {
        client.submit(ClusterWorld.job());
        ClusterWorld.await("a step", () -> world.batches.size() > 2);
        killed.close();
        KritesNode late = cluster.node("rollout");
        ClusterWorld.await("work at a node that came late", () -> works(client, late));
        leaving.close();
        ClusterWorld.await(
            "the node that leaves", () -> leaving.terminated().toCompletableFuture().isDone());
        ClusterWorld.await("the loss to be seen", () -> client.survey().members().size() == 2);
        int before = world.batches.size();
        ClusterWorld.await("steps after that", () -> world.batches.size() > before + 2);
        int evaluated = world.notes.evals.size();
        ClusterWorld.await(
            "an evaluation after that", () -> world.notes.evals.size() > evaluated + 1);
        client.halt("job-1");
        follow(client, new ArrayList<>());
      }
      Account account =
          cluster.outcomes.peek() instanceof RunOutcome.Stopped(var summary, var _)
              ? summary.account()
              : summary(cluster).account();
      assertEquals(account, world.replayed().account());
    }
  }

  /** Death watch takes the one that comes again for the one that was killed before it. */
  @Test
  @Tag("soak")
  void aNodeThatComesAgainUnderItsOldAddressWorksAgain() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      World world = cluster.world;
      world.steps = 400;
      world.restarts = 0;
      world.beforeEachPiece = step -> pause(15);
      cluster.node("orchestrator", "params", "reward", "learner");
      int port = ClusterWorld.freePort();
      try (ClusterClient client = cluster.client()) {
        client.submit(ClusterWorld.job());
        for (int time = 0; time < 4; time++) {
          KritesNode node = cluster.mortalNodeAt(port, "rollout");
          ClusterWorld.await("work at the node", () -> works(client, node));
          int before = world.batches.size();
          ClusterWorld.await("steps", () -> world.batches.size() > before + 2);
          node.close();
          ClusterWorld.await("its end", () -> node.terminated().toCompletableFuture().isDone());
        }
        client.halt("job-1");
        follow(client, new ArrayList<>());
      }
    }
  }

  /** The node of the learner is killed: the run goes back to a checkpoint on another one. */
  @Test
  @Tag("soak")
  void aLearnerGoesOnAtAnotherNode() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      World world = cluster.world;
      world.steps = 30;
      world.checkpointEvery = 2;
      world.recoveries = 0; // what a node loses counts as no failure
      world.beforeEachPiece = step -> pause(15);
      cluster.node("orchestrator", "params", "reward", "rollout");
      KritesNode killed = cluster.mortalNode("learner");
      ClusterWorld.await("two nodes", () -> killed.isUp());
      try (ClusterClient client = cluster.client()) {
        client.submit(ClusterWorld.job());
        ClusterWorld.await("a checkpoint", () -> !world.saved.isEmpty());
        killed.close();
        cluster.node("learner");
        assertEquals(List.of("Completed"), follow(client, new ArrayList<>()).lines());
      }
      assertClosed(cluster, 30 * world.groupsPerStep);
      assertEquals(1, summary(cluster).version().term());
    }
  }

  /** The node that leads is killed: another one goes on from the journal. */
  @Test
  @Tag("soak")
  void theCoordinatorMovesToAnotherNode() throws Exception {
    try (ClusterWorld cluster = new ClusterWorld()) {
      World world = cluster.world;
      world.steps = 30;
      world.checkpointEvery = 2;
      world.beforeEachPiece = step -> pause(15);
      KritesNode killed = cluster.mortalNode("orchestrator");
      KritesNode second = cluster.node("orchestrator", "params", "reward", "rollout", "learner");
      ClusterWorld.await("two nodes", () -> second.isUp());
      try (ClusterClient client = cluster.client()) {
        client.submit(ClusterWorld.job());
        ClusterWorld.await("a checkpoint", () -> !world.saved.isEmpty());
        killed.close();
        assertEquals(List.of("Completed"), follow(client, new ArrayList<>()).lines());
      }
      assertClosed(cluster, 30 * world.groupsPerStep);
      assertEquals(1, summary(cluster).version().term());
    }
  }

  // --- helpers
  // -------------------------------------------------------------------------------------------------

  private static void evaluates(World world, int evaluators, int every) {
    world.evaluators = evaluators;
    world.evalEvery = every;
    world.evalSets = Map.of("held-out", new EvalSet(World.prompts("eval", 30), 30));
  }

  private static List<Long> evaluatedSteps(ClusterWorld cluster) {
    return cluster.world.notes.evals.stream().map(EvalRecord::step).toList();
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean works(ClusterClient client, KritesNode node) {
    return client.survey().members().stream()
        .filter(member -> member.address().equals(node.address()))
        .flatMap(member -> member.said().stream())
        .flatMap(said -> said.actors().stream())
        .anyMatch(actor -> actor.version().isPresent());
  }

  private static Lead.Conclusion follow(ClusterClient client, List<Long> steps) {
    long seen = 0;
    while (true) {
      if (client.news("job-1", seen).orElse(null) instanceof Coordinator.News news) {
        for (JobNews.Item item : news.items()) {
          seen = item.number();
          item.step().ifPresent(step -> steps.add(step.step()));
        }
        if (news.end().isPresent()) {
          return news.end().get();
        }
      }
      pause(50);
    }
  }

  private static RunSummary summary(ClusterWorld cluster) {
    return assertInstanceOf(RunOutcome.Completed.class, cluster.outcomes.peek()).summary();
  }

  /** Every group ended once, and those that are in the weights were trained once. */
  private static void assertClosed(ClusterWorld cluster, long trained) {
    RunSummary summary = summary(cluster);
    assertEquals(trained, summary.account().trained());
    assertEquals(0, summary.account().inFlight());
    assertEquals(summary.account(), cluster.world.replayed().account());
    List<Long> groups = cluster.world.lastSaved().groups();
    assertEquals(groups.size(), Set.copyOf(groups).size(), "no group is in the weights twice");
    assertEquals(trained, groups.size());
  }
}
