package krites.data.shapes;

import java.util.Map;
import krites.data.SupervisedExamples;
import krites.data.shapes.SeededStream.Purpose;
import krites.grpo.Task;

/**
 * Examples of a teacher over the items of a split, with random access: captions, answers and
 * critiques in the given mixture. The task of an item is drawn from its index. Thread safe.
 */
public final class SupervisedShapes implements SupervisedExamples {
  /** Weights of the three kinds of examples, at least one above 0. */
  public record Mixture(double caption, double policy, double critic) {
    public Mixture {
      Weights.check("mixture", Map.of("caption", caption, "policy", policy, "critic", critic));
    }
  }

  private final ShapesPrompts prompts;
  private final Split split;
  private final long size;
  private final double[] weights;
  private final Teacher teacher;

  /**
   * Examples of a teacher.
   *
   * @param prompts how prompts are made; label noise there does not reach the teacher
   * @param size number of examples, at least 1
   * @throws IllegalArgumentException if the size is below 1 or a kind of question cannot be asked
   *     in the split
   */
  public SupervisedShapes(
      ShapesPrompts prompts, TeacherHabits habits, Mixture mixture, Split split, long size) {
    if (size < 1) {
      throw new IllegalArgumentException("a dataset of size " + size + ", expected at least 1");
    }
    prompts.world().requireQuestions(split);
    this.prompts = prompts;
    this.split = split;
    this.size = size;
    this.weights = new double[] {mixture.caption(), mixture.policy(), mixture.critic()};
    this.teacher = new Teacher(habits, prompts.world().settings());
  }

  @Override
  public long size() {
    return size;
  }

  /** Example {@code index} of the mixture. */
  @Override
  public SupervisedItem item(long index) {
    SeededStream stream = SeededStream.of(prompts.world().seed(), split, index, Purpose.TASK);
    return switch (stream.weighted(weights)) {
      case 0 -> item(Task.CAPTION, index);
      case 1 -> item(Task.POLICY, index);
      default -> item(Task.CRITIC, index);
    };
  }

  /** Example {@code index} of one task. */
  public SupervisedItem item(Task task, long index) {
    if (index < 0 || index >= size) {
      throw new IllegalArgumentException("example " + index + " of " + size);
    }
    ShapesItem item = prompts.world().item(split, index);
    return switch (task) {
      case CAPTION -> new SupervisedItem(prompts.caption(item), teacher.caption(item));
      case POLICY -> new SupervisedItem(prompts.policy(item), teacher.policy(item));
      case CRITIC -> {
        CriticPair pair = prompts.pair(item);
        yield new SupervisedItem(prompts.critic(pair), teacher.critic(pair));
      }
    };
  }
}
