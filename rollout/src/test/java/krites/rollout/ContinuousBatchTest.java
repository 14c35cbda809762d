package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import krites.grpo.FinishReason;
import krites.grpo.Group;
import krites.grpo.ImageRef;
import krites.grpo.PartialGroup;
import krites.grpo.PolicyVersion;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Sampling;
import krites.grpo.Task;
import krites.grpo.WeightUpdate;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutOutcome;
import krites.model.qwen25vl.NetworkWeights;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.weights.WeightStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a group gives does not depend on what is decoded beside it, nor on room and pieces. */
class ContinuousBatchTest {
  private static final PolicyVersion V1 = new PolicyVersion(0, 1);

  /**
   * Another batch and other pieces round differently; seen: 2e-6, and 2e-5 under weights times 1.5,
   * whose logits are a hundred times as large.
   */
  private static final double ROUNDING = 1e-4;

  /** Bytes of the keys and values of a token: 2 arrays, 2 layers, 2 heads of 16 numbers. */
  private static final long TOKEN_BYTES = 2 * 2 * 2 * 16 * 4;

  private static final long BLOCK_BYTES = TOKEN_BYTES * KvBudget.BLOCK_TOKENS;

  @TempDir static Path folder;
  private static SmallModel model;
  private static WeightUpdate update;
  private static WeightUpdate original;

  /** Has one group at a time, and decodes one token in a step. */
  private static DjlRolloutEngine single;

  @BeforeAll
  static void make() throws IOException {
    model = SmallModel.in(folder);
    update = weights(V1, 1.5f);
    original = weights(new PolicyVersion(0, 0), 1f);
    single = model.engine(1, 5, 1);
  }

  @AfterAll
  static void remove() {
    single.close();
    model.close();
  }

  @Test
  void everyGroupIsAsItWouldBeAloneWhateverComesAndGoesBesideIt() {
    for (long seed = 0; seed < 5; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<GroupRequest> requests = requests(random, 9);
      Map<Long, Group> alone = new HashMap<>();
      use(original);
      for (GroupRequest request : requests) {
        single.start(request);
        alone.putAll(drain(single));
      }
      try (DjlRolloutEngine engine = randomEngine(random)) {
        Map<Long, Group> together = live(engine, requests, random);
        assertEquals(alone.keySet(), together.keySet(), "seed " + seed);
        for (GroupRequest request : requests) {
          long id = request.groupId();
          assertSame(alone.get(id), together.get(id), "seed " + seed + " " + request);
        }
      }
    }
  }

  @Test
  void aGroupThatMeetsNewWeightsIsAsItWouldBeAlone() {
    int crossed = 0;
    int after = 0;
    for (long seed = 20; seed < 24; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<GroupRequest> requests = requests(random, 7);
      Map<Long, Group> together = new HashMap<>();
      try (DjlRolloutEngine engine = randomEngine(random)) {
        List<GroupRequest> waiting = new ArrayList<>(requests);
        int updateAt = 4 + random.nextInt(14);
        for (int step = 0; !waiting.isEmpty() || engine.active() > 0; step++) {
          startSome(engine, waiting, random);
          double before = tokens(engine);
          take(engine.step(), together);
          // Behind a chunk: whoever is in the batch has tokens, and the versions tell how many.
          if (step >= updateAt && tokens(engine) > before && engine.version().number() == 0) {
            engine.update(update);
          }
        }
      }
      for (GroupRequest request : requests) {
        Group group = together.get(request.groupId());
        int old = tokensOfOldWeights(group);
        crossed += old > 0 && group.responses().stream().anyMatch(r -> r.last().equals(V1)) ? 1 : 0;
        after += old == 0 ? 1 : 0;
        use(old == 0 ? update : original);
        single.start(request);
        Map<Long, Group> alone = new HashMap<>();
        take(single.step(), alone); // read
        for (int i = 0; i < old; i++) {
          take(single.step(), alone);
        }
        if (single.active() > 0) {
          use(update);
        }
        alone.putAll(drain(single));
        assertSame(alone.get(group.id()), group, "seed " + seed + " " + request);
      }
    }
    assertTrue(crossed > 2 && after > 2, crossed + " groups met the weights, " + after + " later");
  }

  @Test
  void aPlaceThatIsFreeIsTakenBeforeTheOthersEnd() {
    try (DjlRolloutEngine engine = model.engine(2, 1, 2)) {
      Sampling once = new Sampling(1, 1f, 1f, 0, 1f, 2);
      Sampling more = new Sampling(1, 50f, 1f, 0, 1f, 40);
      engine.start(request(1, once, 5));
      engine.start(request(2, more, 6));
      engine.step(); // both are read
      assertEquals(1, engine.step().size(), "the first ends with the first chunk");
      engine.start(request(3, once, 7));
      engine.step(); // read between two chunks of the second
      List<RolloutOutcome> outcomes = engine.step();
      assertEquals(3, outcomes.getFirst().groupId());
      assertEquals(1, engine.active(), "the second goes on");
    }
  }

  @Test
  void aPromptIsReadInPiecesBetweenChunksOfThoseThatOutnumberItsResponses() {
    Beside beside = readBeside(2, 1);
    assertTrue(beside.tokens() >= 2 * (beside.pieces() - 1), beside.toString());
  }

  @Test
  void theFewWaitForThoseThatAreSoonToJoinThem() {
    Beside beside = readBeside(1, 4);
    assertTrue(beside.pieces() > 2 && beside.tokens() <= 2, beside.toString());
  }

  @Test
  void aChunkEndsWhereTheFirstLimitIsReached() {
    try (DjlRolloutEngine engine = model.engine(2, 1, 16)) {
      engine.start(request(1, sampled(1, 3), 5));
      engine.start(request(2, sampled(1, 12), 6));
      engine.step(); // both are read
      List<RolloutOutcome> outcomes = engine.step();
      assertEquals(1, outcomes.getFirst().groupId());
      double discarded = engine.counters().get("discarded_tokens");
      assertEquals(6, tokens(engine) + discarded, "two rows of three tokens");
    }
  }

  /** Tokens of others while a prompt was read in pieces. */
  private record Beside(double tokens, int pieces) {}

  private static Beside readBeside(int running, int joining) {
    Sampling endless = new Sampling(1, 50f, 1f, 0, 1f, 60);
    GroupRequest joins = request(2, sampled(joining, 12), 9);
    Group whole;
    try (DjlRolloutEngine engine = model.engine(2, 4, 3)) {
      engine.start(joins);
      whole = drain(engine).get(2L);
    }
    try (DjlRolloutEngine engine = model.engine(3, 4, 1, 10, 0)) {
      for (int i = 0; i < running; i++) {
        engine.start(request(10 + i, endless, 8));
      }
      while (engine.decoding() < running) {
        engine.step();
      }
      engine.start(joins);
      double before = tokens(engine);
      double last = before;
      while (engine.progress(2).stream().noneMatch(part -> part.responseTokens() > 0)) {
        last = tokens(engine);
        engine.step();
      }
      Map<Long, Group> groups = new HashMap<>();
      while (!groups.containsKey(2L)) {
        take(engine.step(), groups);
      }
      assertSame(whole, groups.get(2L), "in pieces");
      int pieces = Math.ceilDiv(whole.encoded().ids().length() - 1, 10);
      return new Beside(last - before, pieces);
    }
  }

  @Test
  void memoryStaysWithinTheBudgetAndGroupsWaitForIt() {
    Sampling sampling = sampled(4, 20);
    Map<Long, Group> roomy = new HashMap<>();
    try (DjlRolloutEngine engine = model.engine(4, 4, 4)) {
      IntStream.range(1, 5).forEach(id -> engine.start(request(id, sampling, id)));
      roomy.putAll(drain(engine));
    }
    long prompt = KvBudget.blocks(roomy.get(2L).encoded().ids().length() - 1);
    long one = prompt + 4 * KvBudget.blocks(20);
    try (DjlRolloutEngine engine = model.engine(4, 4, 4, 2048, (2 * one + 1) * BLOCK_BYTES)) {
      IntStream.range(1, 5).forEach(id -> engine.start(request(id, sampling, id)));
      Map<Long, Group> groups = new HashMap<>();
      int most = 0;
      while (engine.active() > 0) {
        take(engine.step(), groups);
        most = Math.max(most, engine.decoding());
      }
      roomy.forEach((id, group) -> assertSame(group, groups.get(id), "group " + id));
      assertEquals(8, most, "two groups have room");
      double budget = engine.counters().get("kv_budget_mib");
      assertEquals((2 * one + 1) * BLOCK_BYTES / (double) (1 << 20), budget, 1e-9);
      assertTrue(engine.counters().get("kv_peak_mib") <= budget);
      assertTrue(engine.counters().get("kv_peak_mib") > 0.9 * budget, "it is used");
    }
  }

  @Test
  void aGroupThatNeverFitsIsRefusedWithTheSetting() {
    try (DjlRolloutEngine engine = model.engine(4, 4, 4, 2048, 5 * BLOCK_BYTES)) {
      engine.start(request(2, sampled(4, 20), 1));
      var failed = assertInstanceOf(RolloutOutcome.Failed.class, engine.step().getFirst());
      assertTrue(failed.reason().contains("rollout.kv-cache-mib"), failed.reason());
      assertEquals(0, engine.active());
    }
  }

  @Test
  void nothingIsTakenFromAnAccountThatHasItNot() {
    KvBudget budget = new KvBudget(TOKEN_BYTES, 3 * BLOCK_BYTES + 5);
    budget.take(2);
    assertThrows(IllegalStateException.class, () -> budget.take(2));
    budget.take(1);
    budget.give(3);
    assertEquals(3, budget.free());
    assertEquals(3 * BLOCK_BYTES, budget.peakBytes());
  }

  @Test
  void whatWasReadIsFoundAgainUntilTheWeightsChange() {
    try (DjlRolloutEngine engine = model.engine(2, 4, 4)) {
      GroupRequest first = request(2, sampled(4, 8), 1);
      engine.start(first);
      Group group = drain(engine).get(2L);
      engine.start(first);
      assertSame(group, drain(engine).get(2L), "from what was kept");
      assertEquals(1, engine.counters().get("prompt_hits"));
      assertEquals(1, engine.counters().get("images_encoded"));
      engine.start(request(3, sampled(1, 8), 1)); // two images, one of them known
      drain(engine);
      assertEquals(2, engine.counters().get("images_encoded"));
      assertEquals(1, engine.counters().get("image_hits"));
      engine.update(update);
      engine.start(first);
      Group other = drain(engine).get(2L);
      assertEquals(1, engine.counters().get("prompt_hits"));
      assertEquals(3, engine.counters().get("images_encoded"));
      try (DjlRolloutEngine fresh = model.engine(2, 4, 4)) {
        fresh.update(update);
        fresh.start(first);
        assertSame(drain(fresh).get(2L), other, "under the new weights alone");
      }
    }
  }

  @Test
  void aPromptInUseIsNotSharedWithThoseWhoComeUnderNewWeights() {
    Group expected;
    try (DjlRolloutEngine fresh = model.engine(2, 4, 4)) {
      fresh.update(update);
      fresh.start(request(2, sampled(4, 8), 1));
      expected = drain(fresh).get(2L);
    }
    try (DjlRolloutEngine engine = model.engine(2, 4, 1)) {
      GroupRequest late = request(2, sampled(4, 8), 1);
      Sampling hot = new Sampling(4, 50f, 1f, 0, 1f, 60);
      engine.start(GroupRequest.whole(9, late.prompt(), hot, 1));
      engine.step(); // read
      engine.step(); // a token under the old weights
      engine.update(update);
      engine.start(late);
      assertSame(expected, drain(engine).get(2L), "beside one that began before");
      assertEquals(0, engine.counters().get("prompt_hits"));
    }
  }

  @Test
  void theLogProbOfADrawIsThatOfWhatWasLeftToDrawFrom() {
    try (DjlRolloutEngine engine = model.engine(2, 4, 4)) {
      engine.start(request(1, new Sampling(4, 1f, 1f, 3, 1f, 8), 1));
      drain(engine);
      double narrowed = engine.counters().get("narrowing_nats");
      assertTrue(narrowed > 1, "three of a thousand tokens are likelier than before: " + narrowed);
    }
  }

  @Test
  void aStopStringEndsAResponseWithTheTokenThatCompletesIt() {
    Sampling free = new Sampling(4, 1f, 1f, 0, 1f, 24);
    try (DjlRolloutEngine engine = model.engine(1, 4, 5)) {
      engine.start(request(1, free, 3));
      Group whole = drain(engine).get(1L);
      Response longest =
          whole.responses().stream()
              .max(Comparator.comparingInt(response -> response.ids().length()))
              .orElseThrow();
      String stop = longest.text().substring(longest.text().length() / 2).substring(0, 9);
      engine.start(request(1, free.stoppingAt(List.of("not there", stop)), 3));
      Group stopped = drain(engine).get(1L);
      engine.start(
          new GroupRequest(
              1,
              stopped.prompt(),
              free.stoppingAt(List.of("not there", stop)),
              3,
              Optional.empty(),
              2));
      Group inSittings = sittings(engine, free.stoppingAt(List.of("not there", stop)));
      boolean cut = false;
      for (int r = 0; r < 4; r++) {
        Response before = whole.responses().get(r);
        Response after = stopped.responses().get(r);
        int length = after.ids().length();
        assertArrayEquals(
            Arrays.copyOf(before.ids().toArray(), length), after.ids().toArray(), "a beginning");
        assertEquals(before.text().contains(stop), after.text().contains(stop));
        if (length < before.ids().length()) {
          cut = true;
          assertEquals(FinishReason.STOP, after.finish());
          String shorter =
              model.tokenizer().decode(Arrays.copyOf(after.ids().toArray(), length - 1), true);
          assertFalse(shorter.contains(stop), "a token before it was not there");
        }
        assertEquals(after.ids(), inSittings.responses().get(r).ids());
      }
      assertTrue(cut, "no response had " + stop);
    }
  }

  private static Group sittings(DjlRolloutEngine engine, Sampling sampling) {
    GroupRequest first = request(1, sampling, 3);
    while (true) {
      for (RolloutOutcome outcome : engine.step()) {
        switch (outcome) {
          case RolloutOutcome.Finished(Group group) -> {
            return group;
          }
          case RolloutOutcome.Cut(PartialGroup part) ->
              engine.start(new GroupRequest(1, first.prompt(), sampling, 3, Optional.of(part), 2));
          case RolloutOutcome.Failed failed -> throw new AssertionError(failed.reason());
        }
      }
    }
  }

  // --- help

  private static DjlRolloutEngine randomEngine(SplittableRandom random) {
    int groups = 2 + random.nextInt(3);
    long bytes = random.nextBoolean() ? 0 : (60 + random.nextInt(60)) * BLOCK_BYTES;
    return model.engine(groups, 5, 1 + random.nextInt(7), 7 + random.nextInt(150), bytes);
  }

  private static List<GroupRequest> requests(SplittableRandom random, int count) {
    List<GroupRequest> requests = new ArrayList<>();
    for (int id = 1; id <= count; id++) {
      int size = 1 + random.nextInt(5);
      int limit = 1 + random.nextInt(24);
      Sampling sampling =
          switch (random.nextInt(5)) {
            case 0 -> new Sampling(size, 0f, 1f, 0, 1f, limit);
            case 1 -> new Sampling(size, 0.7f, 1f, 0, 1f, limit);
            case 2 -> new Sampling(size, 1f, 0.9f, 0, 1.2f, limit);
            case 3 -> new Sampling(size, 1.3f, 0.98f, 40, 1f, limit);
            default -> new Sampling(size, 1f, 1f, 0, 1f, limit);
          };
      requests.add(request(id, sampling, random.nextLong()));
    }
    return requests;
  }

  private static Sampling sampled(int size, int limit) {
    return new Sampling(size, 1f, 1f, 0, 1f, limit);
  }

  private static GroupRequest request(long id, Sampling sampling, long seed) {
    List<ImageRef> images =
        List.of(
                new ImageRef("a_batch_left_pad_0_90x64.png"),
                new ImageRef("a_batch_left_pad_1_60x100.png"))
            .subList(0, (int) (id - 1) % 3);
    String text = "<image>".repeat(images.size()) + "What is it? " + "x".repeat((int) id * 2);
    Prompt prompt = new Prompt("p" + id, Task.CRITIC, text, images, "1", Map.of());
    return GroupRequest.whole(id, prompt, sampling, seed);
  }

  /** Runs all groups to their end, with cancels, cuts and arrivals at random. */
  private static Map<Long, Group> live(
      DjlRolloutEngine engine, List<GroupRequest> requests, SplittableRandom random) {
    Map<Long, Group> groups = new HashMap<>();
    List<GroupRequest> waiting = new ArrayList<>(requests);
    List<GroupRequest> started = new ArrayList<>();
    int disturbances = 12;
    while (!waiting.isEmpty() || engine.active() > 0) {
      started.addAll(startSome(engine, waiting, random));
      take(engine.step(), groups);
      started.removeIf(request -> groups.containsKey(request.groupId()));
      if (!started.isEmpty() && disturbances > 0 && random.nextInt(3) == 0) {
        disturbances--;
        GroupRequest request = started.remove(random.nextInt(started.size()));
        Optional<PartialGroup> part = engine.cut(request.groupId());
        boolean forgets = random.nextInt(3) == 0;
        waiting.add(
            part.isPresent() && !forgets ? request.from(part.get()) : request.fromNothing());
        engine.cancel(request.groupId());
      }
    }
    return groups;
  }

  private static List<GroupRequest> startSome(
      DjlRolloutEngine engine, List<GroupRequest> waiting, SplittableRandom random) {
    List<GroupRequest> started = new ArrayList<>();
    while (!waiting.isEmpty() && (engine.active() == 0 || random.nextInt(3) > 0)) {
      GroupRequest next = waiting.getFirst();
      if (engine.active() > 0 && next.sampling().groupSize() > engine.freePlaces()) {
        break;
      }
      engine.start(next);
      started.add(waiting.removeFirst());
    }
    return started;
  }

  private static void take(List<RolloutOutcome> outcomes, Map<Long, Group> groups) {
    for (RolloutOutcome outcome : outcomes) {
      Group group = assertInstanceOf(RolloutOutcome.Finished.class, outcome).group();
      groups.put(group.id(), group);
    }
  }

  /** Has the single engine use these weights. */
  private static void use(WeightUpdate weights) {
    if (!single.version().equals(weights.version())) {
      single.update(weights);
    }
  }

  private static double tokens(DjlRolloutEngine engine) {
    return engine.counters().getOrDefault("response_tokens", 0.0);
  }

  private static Map<Long, Group> drain(DjlRolloutEngine engine) {
    Map<Long, Group> groups = new HashMap<>();
    while (engine.active() > 0) {
      take(engine.step(), groups);
    }
    return groups;
  }

  /** Tokens that each response had when the new weights came. */
  private static int tokensOfOldWeights(Group group) {
    int most = 0;
    for (Response response : group.responses()) {
      int old = 0;
      while (old < response.ids().length() && !response.versions().at(old).equals(V1)) {
        old++;
      }
      most = Math.max(most, old);
    }
    return most;
  }

  private static void assertSame(Group expected, Group actual, String what) {
    for (int r = 0; r < expected.responses().size(); r++) {
      Response wanted = expected.responses().get(r);
      Response seen = actual.responses().get(r);
      String which = what + " response " + r;
      assertArrayEquals(wanted.ids().toArray(), seen.ids().toArray(), which);
      assertArrayEquals(
          wanted.behaviourLogProbs().toArray(),
          seen.behaviourLogProbs().toArray(),
          (float) ROUNDING,
          which);
      assertEquals(wanted.finish(), seen.finish(), which);
      assertEquals(wanted.versions(), seen.versions(), which);
    }
  }

  private static WeightUpdate weights(PolicyVersion version, float factor) {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NetworkWeights weights =
          NetworkWeights.load(model.directory, Qwen25VlConfig.load(model.directory), manager);
      weights.tensors().forEach(tensor -> tensor.muli(factor));
      WeightStore.Published published = model.store.publish("v" + version.number(), weights);
      return new WeightUpdate(version, published.name(), published.sha256());
    }
  }
}
