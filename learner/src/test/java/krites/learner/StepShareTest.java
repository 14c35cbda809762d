package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import krites.grpo.objective.LearningRate;
import org.junit.jupiter.api.Test;

class StepShareTest {
  @Test
  void theLongestGoFirstToWhoHasLeast() {
    List<StepShare.Size> groups = List.of(size(10), size(50), size(30), size(30), size(20));
    assertEquals(List.of(1, 4), StepShare.share(groups, 0, 2));
    assertEquals(List.of(0, 2, 3), StepShare.share(groups, 1, 2));
  }

  @Test
  void moreMembersThanGroupsLeaveSomeWithoutWork() {
    List<StepShare.Size> groups = List.of(size(10), size(20));
    assertEquals(List.of(1), StepShare.share(groups, 0, 3));
    assertEquals(List.of(0), StepShare.share(groups, 1, 3));
    assertEquals(List.of(), StepShare.of(groups, settings(TokenWeights.TOKEN_MEAN), 2, 3));
  }

  /** Whatever the average, a token weighs the same at a member as in one learner's step. */
  @Test
  void tokensWeighWhatTheyWeighInOneLearner() {
    for (long seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      List<StepShare.Size> groups = new ArrayList<>();
      int count = 1 + random.nextInt(12);
      for (int i = 0; i < count; i++) {
        List<Integer> lengths =
            List.of(1 + random.nextInt(9), 1 + random.nextInt(9), 1 + random.nextInt(9));
        int tokens = 20 + lengths.stream().mapToInt(Integer::intValue).sum();
        groups.add(new StepShare.Size(tokens, lengths));
      }
      for (TokenWeights averaging : TokenWeights.values()) {
        float[][] alone = byGroup(groups, averaging, 1);
        for (int members = 2; members < 5; members++) {
          float[][] shared = byGroup(groups, averaging, members);
          for (int i = 0; i < count; i++) {
            assertArrayEquals(alone[i], shared[i], "seed " + seed + ", " + averaging);
          }
        }
      }
    }
  }

  private static float[][] byGroup(
      List<StepShare.Size> groups, TokenWeights averaging, int members) {
    float[][] weights = new float[groups.size()][];
    for (int member = 0; member < members; member++) {
      for (StepShare.Lot lot : StepShare.of(groups, settings(averaging), member, members)) {
        int at = 0;
        for (int group : lot.groups()) {
          assertTrue(weights[group] == null, "group " + group + " is trained twice");
          weights[group] = new float[groups.get(group).targets()];
          System.arraycopy(lot.weights(), at, weights[group], 0, weights[group].length);
          at += weights[group].length;
        }
        assertEquals(lot.weights().length, at);
      }
    }
    return weights;
  }

  private static StepShare.Size size(int tokens) {
    return new StepShare.Size(tokens, List.of(2, 3));
  }

  private static TrainerSettings settings(TokenWeights averaging) {
    return new TrainerSettings(
        new Objective(1, DjlPolicyTrainerTest.objective(0.2, 0.3, 0)),
        averaging,
        9,
        AdamWSettings.PUBLISHED,
        new LearningRate.Constant(1e-3, 0),
        1,
        100,
        TrainingCore.Choice.PLAIN,
        1,
        Device.cpu());
  }
}
