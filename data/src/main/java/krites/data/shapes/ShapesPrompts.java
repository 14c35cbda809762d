package krites.data.shapes;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import krites.data.CritiquePrompt;
import krites.data.shapes.SeededStream.Purpose;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;

/**
 * Prompts about the items of a world. Item {@code i} shows the same picture and asks the same
 * question in every task.
 *
 * @param world where the items come from
 * @param pairs how responses to judge are made
 * @param instruction last line of policy and critic prompts
 */
public record ShapesPrompts(ShapesWorld world, PairSettings pairs, String instruction) {

  /** The prompt of item {@code index} of a split. */
  public Prompt prompt(Task task, Split split, long index) {
    ShapesItem item = world.item(split, index);
    return switch (task) {
      case POLICY -> policy(item);
      case CRITIC -> critic(pair(item));
      case CAPTION -> caption(item);
    };
  }

  CriticPair pair(ShapesItem item) {
    return CriticPair.of(item, world.settings(), pairs);
  }

  /** The answer is the true one. */
  Prompt policy(ShapesItem item) {
    return make(
        item,
        Task.POLICY,
        CritiquePrompt.policy(item.questionText(), instruction),
        item.answer(),
        Map.of("kind", item.question().kind().word()));
  }

  /**
   * The answer is the label, {@code 1} or {@code 2}, after noise; the tag {@code side} keeps the
   * truth.
   */
  Prompt critic(CriticPair pair) {
    ShapesItem item = pair.item();
    String text =
        CritiquePrompt.critic(
            item.questionText(), pair.firstText(), pair.secondText(), instruction);
    return make(item, Task.CRITIC, text, label(pair) == Label.FIRST ? "1" : "2", pair.tags());
  }

  /** The answer is the clean scan. */
  Prompt caption(ShapesItem item) {
    return make(
        item,
        Task.CAPTION,
        CritiquePrompt.caption(),
        item.scene().scan(),
        Map.of("kind", "caption"));
  }

  private Label label(CriticPair pair) {
    ShapesItem item = pair.item();
    SeededStream stream = SeededStream.of(item.seed(), item.split(), item.index(), Purpose.LABEL);
    boolean coin = stream.chance(0.5);
    boolean noisy = stream.chance(pairs.labelNoise());
    if (pairs.shuffleLabels()) {
      return coin ? Label.FIRST : Label.SECOND;
    }
    return (pair.truth() == Label.FIRST) != noisy ? Label.FIRST : Label.SECOND;
  }

  private static Prompt make(
      ShapesItem item, Task task, String text, String answer, Map<String, String> tags) {
    String id =
        "shapes-"
            + item.split().word()
            + "-"
            + task.name().toLowerCase(Locale.ROOT)
            + "-"
            + item.seed()
            + "-"
            + item.index();
    return new Prompt(id, task, text, List.of(item.image()), answer, tags);
  }
}
