package krites.data.shapes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import krites.data.CritiquePrompt;
import krites.grpo.Prompt;
import krites.grpo.Task;
import org.junit.jupiter.api.Test;

final class CriticPairTest {
  private static final int PAIRS = 10_000;
  private static final Set<String> CONFUSABLE =
      Set.of("orange", "red", "purple", "blue", "diamond", "square");
  private final ShapesWorld world = new ShapesWorld(7, WorldSettings.standard());

  @Test
  void theRightResponseStandsOnEitherSideAndTheLabelFollowsIt() {
    int first = 0;
    for (int i = 0; i < PAIRS; i++) {
      CriticPair pair = pair(i, PairSettings.standard());
      assertNotEquals(pair.right(), pair.wrong());
      assertEquals(pair.item().answer(), pair.right());
      String label = prompts(PairSettings.standard()).critic(pair).answer();
      assertEquals(pair.firstText().equals(pair.right()) ? "1" : "2", label);
      first += label.equals("1") ? 1 : 0;
    }
    assertEquals(0.5, first / (double) PAIRS, 0.02);
  }

  @Test
  void temptingWrongAnswersComeAtTheirRate() {
    assertEquals(0, temptingRate(0), 0.3); // by chance: one in five colours, one in three shapes
    assertEquals(1, temptingRate(1), 0);
    double byChance = temptingRate(0);
    assertEquals(0.5 + 0.5 * byChance, temptingRate(0.5), 0.03);
  }

  private double temptingRate(double rate) {
    var settings = new PairSettings(rate, 0, false, 1, 0, 0);
    int confusable = 0;
    int tempting = 0;
    for (int i = 0; i < PAIRS; i++) {
      CriticPair pair = pair(i, settings);
      if (CONFUSABLE.contains(pair.right())) {
        confusable++;
        tempting += pair.tempting() ? 1 : 0;
      } else {
        assertTrue(!pair.tempting());
      }
    }
    return tempting / (double) confusable;
  }

  @Test
  void readingWithoutLookingHelpsLittle() {
    // The best rule that sees the kind and the two answers alone: of each pair of answers, the one
    // more often right.
    Map<String, Map<String, Integer>> rightOf = new HashMap<>();
    for (int i = 0; i < 20_000; i++) {
      CriticPair pair = pair(i, PairSettings.standard());
      boolean ordered = pair.right().compareTo(pair.wrong()) < 0;
      String answers = ordered ? pair.right() + pair.wrong() : pair.wrong() + pair.right();
      String key = pair.item().question().kind().word() + answers;
      rightOf.computeIfAbsent(key, _ -> new HashMap<>()).merge(pair.right(), 1, Integer::sum);
    }
    int best = rightOf.values().stream().mapToInt(counts -> Collections.max(counts.values())).sum();
    assertEquals(0.5, best / 20_000.0, 0.03);
  }

  @Test
  void lengthTellsNothing() {
    var settings = new PairSettings(0.5, 0, false, 1, 1, 1);
    int longer = 0;
    int shorter = 0;
    for (int i = 0; i < PAIRS; i++) {
      CriticPair pair = pair(i, settings);
      boolean rightFirst = pair.firstAnswer().equals(pair.right());
      String right = rightFirst ? pair.firstText() : pair.secondText();
      String wrong = rightFirst ? pair.secondText() : pair.firstText();
      longer += wrong.length() > right.length() ? 1 : 0;
      shorter += wrong.length() < right.length() ? 1 : 0;
    }
    assertEquals(1, longer / (double) shorter, 0.08);
  }

  @Test
  void stylesWordTheSameAnswer() {
    ShapesItem item = item("what color is the circle?");
    String right = item.answer();
    assertEquals(
        "the circle is " + right + ".", rightText(item, new PairSettings(0, 0, false, 0, 1, 0)));
    String caption = rightText(item, new PairSettings(0, 0, false, 0, 0, 1));
    assertTrue(caption.contains(right + " circle"), caption);
    assertEquals(item.scene().objects().size(), caption.split(", ").length);
  }

  @Test
  void shuffledLabelsKnowNothingOfTheTruth() {
    assertEquals(0.5, labelsThatAreTrue(PairSettings.standard().withShuffledLabels()), 0.02);
    assertEquals(0.8, labelsThatAreTrue(new PairSettings(0.5, 0.2, false, 1, 0, 0)), 0.02);
    assertEquals(
        1, labelsThatAreTrue(PairSettings.standard().withShuffledLabels().withTrueLabels()), 0);
  }

  @Test
  void promptsReadAsPublished() {
    ShapesItem item = item("what color is the circle?");
    Prompt critic = prompts(PairSettings.standard()).prompt(Task.CRITIC, Split.TRAIN, item.index());
    CriticPair pair = pair(item.index(), PairSettings.standard());
    assertEquals(
        "<image>Question: [ what color is the circle? ] The first response: [ "
            + pair.firstText()
            + " ] The second response: [ "
            + pair.secondText()
            + " ] Which response is better?\nThink in <think>, answer in \\boxed{}.",
        critic.text());
    assertEquals("shapes-train-critic-7-" + item.index(), critic.id());
    assertEquals(Set.of("kind", "side", "error", "style", "tempting"), critic.tags().keySet());
    Prompt policy = prompts(PairSettings.standard()).prompt(Task.POLICY, Split.TRAIN, item.index());
    assertEquals(
        "<image>Question: what color is the circle?\nThink in <think>, answer in \\boxed{}.",
        policy.text());
    assertEquals(item.answer(), policy.answer());
    assertEquals(critic.images(), policy.images());
  }

  private double labelsThatAreTrue(PairSettings settings) {
    var dataset = new ShapesDataset(prompts(settings), Split.TRAIN, Task.CRITIC, PAIRS);
    int agree = 0;
    for (int i = 0; i < PAIRS; i++) {
      Prompt prompt = dataset.prompt(i);
      agree +=
          prompt.answer().equals("first".equals(prompt.tags().get("side")) ? "1" : "2") ? 1 : 0;
    }
    return agree / (double) PAIRS;
  }

  private static String rightText(ShapesItem item, PairSettings settings) {
    CriticPair pair = CriticPair.of(item, WorldSettings.standard(), settings);
    return pair.firstAnswer().equals(pair.right()) ? pair.firstText() : pair.secondText();
  }

  private ShapesItem item(String question) {
    for (long i = 0; ; i++) {
      ShapesItem item = world.item(Split.TRAIN, i);
      if (item.questionText().equals(question)) {
        return item;
      }
    }
  }

  private CriticPair pair(long index, PairSettings settings) {
    return CriticPair.of(world.item(Split.TRAIN, index), world.settings(), settings);
  }

  private ShapesPrompts prompts(PairSettings settings) {
    return new ShapesPrompts(world, settings, CritiquePrompt.SHORT_INSTRUCTION);
  }
}
