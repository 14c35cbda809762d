package krites.learner;

import java.util.ArrayList;
import java.util.List;
import krites.grpo.PolicyVersion;
import krites.grpo.Response;
import krites.grpo.TrainingGroup;

/**
 * Some groups of a batch that go through the network together, with one number per response token,
 * flat.
 */
final class MicroBatch {
  private final List<PackedRows.Sequence> sequences;
  private final List<Integer> lengths;
  private final float[] advantages;
  private final float[] behaviour;
  private final float[] staleness;
  private float[] old = {};
  private float[] reference = {};

  private record Item(TrainingGroup group, PackedRows.Sequence sequence) {}

  private MicroBatch(List<Item> items, PolicyVersion policy) {
    sequences = items.stream().map(Item::sequence).toList();
    lengths =
        items.stream()
            .flatMap(item -> item.group().group().responses().stream())
            .map(response -> response.ids().length())
            .toList();
    int tokens = lengths.stream().mapToInt(Integer::intValue).sum();
    advantages = new float[tokens];
    behaviour = new float[tokens];
    staleness = new float[tokens];
    int at = 0;
    for (Item item : items) {
      List<Response> responses = item.group().group().responses();
      for (int r = 0; r < responses.size(); r++) {
        float advantage = item.group().advantages().get(r).floatValue();
        Response response = responses.get(r);
        for (int t = 0; t < response.ids().length(); t++) {
          advantages[at] = advantage;
          staleness[at] = staleness(policy, response, t);
          behaviour[at++] = response.behaviourLogProbs().at(t);
        }
      }
    }
  }

  /** Staleness of one token of a response, in versions. */
  private static float staleness(PolicyVersion policy, Response response, int token) {
    return policy.staleness(response.versions().at(token));
  }

  /**
   * Puts groups together.
   *
   * @param sequences the packed form of each group, in the same order
   * @param policy the version being trained
   */
  static MicroBatch of(
      List<TrainingGroup> groups, List<PackedRows.Sequence> sequences, PolicyVersion policy) {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      items.add(new Item(groups.get(i), sequences.get(i)));
    }
    return new MicroBatch(items, policy);
  }

  List<PackedRows.Sequence> sequences() {
    return sequences;
  }

  /** Tokens of each response, in order. */
  List<Integer> lengths() {
    return lengths;
  }

  /** Response tokens. */
  int tokens() {
    return advantages.length;
  }

  /** Tokens that would be fed if each response were fed whole, behind its group's prompt. */
  int unsharedTokens() {
    int prompts = sequences.stream().mapToInt(sequence -> sequence.prompt().length).sum();
    return prompts + tokens() - lengths.size();
  }

  float[] advantages() {
    return advantages;
  }

  float[] behaviour() {
    return behaviour;
  }

  /** Versions between each token and the policy being trained. */
  float[] staleness() {
    return staleness;
  }

  /** What the objective reads of these tokens, counted by the given weights (M). */
  PolicyTargets targets(float[] weights) {
    return new PolicyTargets(lengths, advantages, behaviour, staleness, old, reference, weights);
  }

  float[] old() {
    return old;
  }

  void setOld(float[] values) {
    old = values;
  }

  float[] reference() {
    return reference;
  }

  void setReference(float[] values) {
    reference = values;
  }
}
