package krites.eval.critic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import krites.eval.Measure;
import krites.eval.critic.CriticProtocol.Unread;
import krites.grpo.Label;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CriticReportTest {
  private static final Optional<Label> FIRST = Optional.of(Label.FIRST);
  private static final Optional<Label> SECOND = Optional.of(Label.SECOND);
  private static final Optional<Label> NONE = Optional.empty();

  /** A pair whose preferred response is the first and the longer one. */
  private static CriticPair pair(int number, String unit, String group) {
    return new CriticPair(
        number,
        "pair-" + number,
        unit,
        "q",
        "longer",
        "short",
        Label.FIRST,
        List.of(),
        Optional.empty(),
        Map.of("group", group, "category", group));
  }

  private static JudgedPair judged(CriticPair pair, List<Optional<Label>> verdicts) {
    List<Judgement> judgements = new ArrayList<>();
    for (int i = 0; i < verdicts.size(); i++) {
      judgements.add(new Judgement(i % 2 == 1, verdicts.get(i)));
    }
    return new JudgedPair(pair, judgements);
  }

  private static double value(List<Measure> measures, String name) {
    return measures.stream()
        .filter(measure -> measure.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not among " + measures))
        .value();
  }

  private static CriticReport report(String benchmark, CriticProtocol protocol) {
    return new CriticReport(CriticBenchmark.named(benchmark).orElseThrow(), protocol);
  }

  /** Two groups of three and one: accuracy 2/4, macro the mean of 1/3 and 1. */
  @Test
  void greedyCountsTheFirstJudgementAndUnreadAsWrong() {
    List<JudgedPair> pairs =
        List.of(
            judged(pair(0, "a", "reasoning"), List.of(FIRST, FIRST)),
            judged(pair(1, "b", "reasoning"), List.of(SECOND, FIRST)),
            judged(pair(2, "c", "reasoning"), List.of(NONE, SECOND)),
            judged(pair(3, "d", "general"), List.of(FIRST, SECOND)));

    List<Measure> measures = report("vl-rewardbench", CriticProtocol.greedy()).measures(pairs);

    assertEquals(0.5, value(measures, "accuracy"), 1e-12);
    assertEquals((1.0 / 3 + 1) / 2, value(measures, "macro"), 1e-12);
    assertEquals(1.0 / 3, value(measures, "accuracy/group=reasoning"), 1e-12);
    assertEquals(0.25, value(measures, "position-consistency"), 1e-12);
    assertEquals(1.0 / 8, value(measures, "unread"), 1e-12);
    // Shown first: f, s | s (given), f (exchanged -> second shown) | s exchanged | f, s exchanged.
    assertEquals(4.0 / 7, value(measures, "prefers-first-shown"), 1e-12);
    assertEquals(1.0, value(measures, "longest"), 1e-12);
    assertEquals(1.0, value(measures, "first-position"), 1e-12);
    assertEquals(0.5, value(measures, "random"), 1e-12);
  }

  @Test
  void theOfficialProtocolVotesAndDropsWhatHasNoMajority() {
    List<JudgedPair> pairs =
        List.of(
            judged(pair(0, "a", "general"), List.of(FIRST, FIRST, SECOND)),
            judged(pair(1, "b", "general"), List.of(SECOND, SECOND, FIRST)),
            judged(pair(2, "c", "general"), List.of(FIRST, NONE, NONE)),
            judged(pair(3, "d", "general"), List.of(FIRST, SECOND, NONE)));

    List<Measure> measures =
        report("vl-rewardbench", new CriticProtocol(3, 0.2f, 0.2f, false, Unread.DROP))
            .measures(pairs);

    assertEquals(0.5, value(measures, "accuracy"), 1e-12);
    assertEquals(
        2,
        measures.stream()
            .filter(measure -> measure.name().equals("accuracy"))
            .findFirst()
            .orElseThrow()
            .items());
    assertEquals(0.75, value(measures, "votes=1/accuracy"), 1e-12);
    assertTrue(measures.stream().noneMatch(measure -> measure.name().startsWith("votes=3")));
  }

  @Test
  void accPlusNeedsAllPairsOfAnId() {
    List<JudgedPair> pairs =
        List.of(
            judged(pair(0, "a", "mcq"), List.of(FIRST)),
            judged(pair(1, "a", "mcq"), List.of(SECOND)),
            judged(pair(2, "b", "long"), List.of(FIRST)),
            judged(pair(3, "b", "long"), List.of(FIRST)),
            judged(pair(4, "b", "long"), List.of(FIRST)));

    List<Measure> measures = report("mm-rlhf", CriticProtocol.greedy()).measures(pairs);

    assertEquals(0.8, value(measures, "accuracy"), 1e-12);
    assertEquals(0.5, value(measures, "acc+"), 1e-12);
    assertEquals((0.25 + 0.125) / 2, value(measures, "random/acc+"), 1e-12);
    assertEquals(1.0, value(measures, "longest/acc+"), 1e-12);
  }

  /** A critic that draws has an interval around one half, whatever its seed. */
  @Test
  void aDrawingCriticIsAtChance() {
    int inside = 0;
    for (int seed = 0; seed < 40; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<JudgedPair> pairs = new ArrayList<>();
      for (int i = 0; i < 150; i++) {
        pairs.add(
            judged(pair(i, "u" + i, "general"), List.of(random.nextBoolean() ? FIRST : SECOND)));
      }
      Measure accuracy = report("pairs", CriticProtocol.greedy()).measures(pairs).getFirst();
      inside +=
          accuracy.interval().orElseThrow().low() <= 0.5
                  && accuracy.interval().orElseThrow().high() >= 0.5
              ? 1
              : 0;
    }
    assertTrue(inside >= 33, inside + " of 40");
  }

  @ParameterizedTest
  @CsvSource({
    "<think>2</think>\\boxed{1},FIRST",
    "\\boxed{\\text{2}},SECOND",
    "\\boxed{B},SECOND",
    "\\boxed{first},FIRST",
    "\\boxed{tie},TIE",
    "\\boxed{maybe} Overall Judgment: Answer 1 is better.,",
    "'Overall Judgment: **Answer 2 is slightly better**',SECOND",
    "'Therefore, Answer 12 is better',",
    "'so [[B]]',SECOND",
    "nothing,"
  })
  void verdictsComeFromBoxThenSentenceThenMark(String text, Label expected) {
    assertEquals(Optional.ofNullable(expected), CriticVerdict.read(text));
  }

  @Test
  void aWordingIsFilledInOnePass() {
    JudgeWording wording = new JudgeWording("w", Optional.of("{q}|{a}|{b}"));
    assertEquals("{b}|$1|{q}!", wording.text("{b}", "$1", "{q}", "!"));
    assertThrows(
        IllegalArgumentException.class, () -> new JudgeWording("w", Optional.of("{q} {a}")));
    String judge = JudgeWording.JUDGE.text("Q", "one", "two", "");
    assertTrue(judge.contains("Answer 1: one\n\nAnswer 2: two"), judge);
    assertEquals(FIRST, CriticVerdict.read(judge.replace("Answer X", "Answer 1")));
    assertTrue(JudgeWording.TRAINED.text("Q", "x", "y", "I").startsWith("Question: [ Q ]"));
  }

  @Test
  void impossibleProtocolsAndPairsAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new CriticProtocol(5, 0f, 1f, false, Unread.DROP));
    assertThrows(
        IllegalArgumentException.class, () -> new CriticProtocol(0, 1f, 1f, false, Unread.DROP));
    assertThrows(
        IllegalArgumentException.class, () -> new JudgedPair(pair(0, "a", "g"), List.of()));
    assertFalse(CriticProtocol.official().bothOrders());
  }
}
