package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import krites.app.config.ConfigReader;
import krites.app.config.RunConfig;
import krites.app.run.JournalReader;
import krites.app.run.JournalRecord;
import krites.app.run.RunDirectory;
import krites.grpo.Group;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Reward;
import krites.grpo.Sampling;
import krites.grpo.ScoredGroup;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import krites.grpo.WeightUpdate;
import krites.grpo.flow.CursorState;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.PromptCursor;
import krites.grpo.flow.PromptTicket;
import krites.grpo.flow.Seeds;
import krites.grpo.objective.AdvantageRule;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.RewardFunction;
import krites.grpo.port.RolloutEngine;
import krites.grpo.port.RolloutOutcome;
import krites.reward.CriticReward;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run without staleness on one worker, stopped and resumed on the way, makes the same weights to
 * the bit as a plain loop without actors, ledger or journal: sample, score, train, publish.
 */
final class SynchronousOracleTest {
  private static final int STEPS = 4;
  private static final int STOPPED_AFTER = 2;

  private static final List<String> SMALL =
      SmallRuns.with(
          "async.max-staleness=0",
          "rollout.workers=1",
          "rollout.group-size=4",
          "rollout.max-new-tokens=96");

  @TempDir private Path folder;

  private boolean someGroupTeaches;

  @Test
  void theRunMakesTheWeightsOfAPlainLoop() {
    Path run = folder.resolve("run");
    train("--run-dir", run.toString(), "--steps", "" + STOPPED_AFTER);
    train("--resume", run.toString(), "--steps", "" + STEPS);

    List<String> expected =
        plainLoop(
            new ConfigReader().withResolvedFile(run.resolve(RunDirectory.CONFIG)).read().config());

    assertTrue(someGroupTeaches, "all advantages are zero, the comparison says little");
    assertEquals(STEPS + 1, expected.stream().distinct().count(), "each step changes the weights");
    assertEquals(expected, digests(run.resolve(RunDirectory.EVENTS)));
  }

  /** The digest of the start weights and of those after each step. */
  private List<String> plainLoop(RunConfig config) {
    Datasets datasets = Datasets.of(config);
    RewardFunction reward = new CriticReward(config.reward().formatWeight());
    long seed = config.run().seed();
    var order =
        new PromptCursor(
            datasets.train().size(),
            Seeds.ofName(seed, "prompts"),
            CursorState.start(datasets.train().size()));
    List<String> digests = new ArrayList<>();
    try (Engines engines =
            DjlEngines.create(config, datasets.images(), folder.resolve("plain-loop"));
        RolloutEngine engine = engines.rollout(0);
        PolicyTrainer trainer = engines.trainer(Optional.empty(), new PolicyVersion(0, 0))) {
      WeightUpdate weights = trainer.publish();
      digests.add(weights.digest());
      long id = 1;
      for (long step = 1; step <= STEPS; step++) {
        engine.update(weights);
        List<TrainingGroup> groups = new ArrayList<>();
        for (int i = 0; i < config.rollout().groupsPerStep(); i++) {
          PromptTicket ticket = order.due();
          order.take(ticket);
          Prompt prompt = datasets.train().prompt(order.index(ticket));
          var request =
              GroupRequest.whole(id++, prompt, sampling(config), Seeds.ofGroup(seed, ticket));
          groups.add(scored(sampled(engine, request), reward));
        }
        weights = trained(trainer, TrainingBatch.of(step, weights.version(), groups, 0));
        digests.add(weights.digest());
      }
    }
    return digests;
  }

  private static Sampling sampling(RunConfig config) {
    RunConfig.Rollout rollout = config.rollout();
    return new Sampling(
        rollout.groupSize(),
        (float) rollout.temperature(),
        (float) rollout.topP(),
        rollout.topK(),
        (float) rollout.repetitionPenalty(),
        rollout.maxNewTokens());
  }

  private static Group sampled(RolloutEngine engine, GroupRequest request) {
    engine.start(request);
    List<RolloutOutcome> outcomes = engine.step();
    while (outcomes.isEmpty()) {
      outcomes = engine.step();
    }
    return ((RolloutOutcome.Finished) outcomes.getFirst()).group();
  }

  private TrainingGroup scored(Group group, RewardFunction reward) {
    List<Reward> rewards =
        group.responses().stream().map(response -> reward.score(group.prompt(), response)).toList();
    double[] advantages =
        AdvantageRule.Standardised.published()
            .advantages(rewards.stream().mapToDouble(Reward::total).toArray());
    someGroupTeaches |= Arrays.stream(advantages).anyMatch(each -> each != 0);
    return new TrainingGroup(
        new ScoredGroup(group, rewards), Arrays.stream(advantages).boxed().toList());
  }

  private static WeightUpdate trained(PolicyTrainer trainer, TrainingBatch batch) {
    trainer.begin(batch);
    while (trainer.advance().isEmpty()) {
      // piece by piece
    }
    return trainer.publish();
  }

  /** Of each version in the journal, by its number; a version that two terms tell is the same. */
  private static List<String> digests(Path journal) {
    Map<Long, String> digests = new TreeMap<>();
    try (JournalReader reader = JournalReader.open(journal)) {
      for (Optional<JournalRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
        if (next.get().event()
            instanceof LedgerEvent.VersionPublished(PolicyVersion version, String digest)) {
          String known = digests.putIfAbsent(version.number(), digest);
          assertTrue(known == null || known.equals(digest), version + " was made twice");
        }
      }
    }
    return List.copyOf(digests.values());
  }

  private static void train(String... args) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    String[] all =
        Stream.of(Stream.of("train"), Stream.of(args), SMALL.stream())
            .flatMap(each -> each)
            .toArray(String[]::new);
    int code =
        Main.run(
            Main.Verbs.real(),
            new PrintStream(new ByteArrayOutputStream(), true),
            new PrintStream(err, true),
            all);
    assertEquals(ExitCode.OK, code, () -> err.toString(StandardCharsets.UTF_8));
  }
}
