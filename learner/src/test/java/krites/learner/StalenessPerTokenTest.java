package krites.learner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
import krites.grpo.TrainingGroup;
import org.junit.jupiter.api.Test;

class StalenessPerTokenTest {
  private static final PolicyVersion V4 = new PolicyVersion(0, 4);
  private static final PolicyVersion V5 = new PolicyVersion(0, 5);

  @Test
  void onlyTheTokensOfOlderVersionsAreStale() {
    TrainingGroup group =
        group(
            response(TokenVersions.of(V4, 2).concat(TokenVersions.of(V5, 3))),
            response(TokenVersions.of(V5, 2)),
            response(TokenVersions.of(V4, 1)));
    List<PackedRows.Sequence> sequences =
        List.of(
            new PackedRows.Sequence(
                new int[] {1}, List.of(), List.of(new int[5], new int[2], new int[1])));
    MicroBatch batch = MicroBatch.of(List.of(group), sequences, V5);
    assertArrayEquals(new float[] {1, 1, 0, 0, 0, 0, 0, 1}, batch.staleness());
  }

  private static Response response(TokenVersions versions) {
    int[] ids = new int[versions.length()];
    float[] logProbs = new float[ids.length];
    Arrays.fill(logProbs, -1);
    return new Response(
        TokenIds.of(ids), LogProbs.of(logProbs), FinishReason.LENGTH, "x", versions);
  }

  private static TrainingGroup group(Response... responses) {
    Prompt prompt = new Prompt("p", Task.CRITIC, "text", List.of(), "1", Map.of());
    Group group =
        new Group(1, prompt, new EncodedPrompt(TokenIds.of(1), List.of()), List.of(responses));
    return new TrainingGroup(
        new ScoredGroup(
            group, Arrays.stream(responses).map(response -> new Reward(1, Map.of())).toList()),
        List.of(1.0, 0.0, -1.0));
  }
}
