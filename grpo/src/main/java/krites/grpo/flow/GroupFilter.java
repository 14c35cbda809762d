package krites.grpo.flow;

import java.util.Optional;
import krites.grpo.Drop;
import krites.grpo.Reward;
import krites.grpo.ScoredGroup;

/**
 * Decides which scored groups are worth training. Off by default: the published recipe trains all.
 *
 * @param dropFlat drops groups whose rewards are all equal; their advantages would all be zero
 */
public record GroupFilter(boolean dropFlat) {
  /** Keeps every group. */
  public static final GroupFilter OFF = new GroupFilter(false);

  /** Drops groups whose rewards are all equal. */
  public static final GroupFilter FLAT = new GroupFilter(true);

  /** Why a group is not trained, or empty. */
  public Optional<Drop> judge(ScoredGroup scored) {
    boolean flat = scored.rewards().stream().mapToDouble(Reward::total).distinct().count() == 1;
    return dropFlat && flat ? Optional.of(Drop.FLAT) : Optional.empty();
  }
}
