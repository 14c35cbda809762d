package krites.grpo.flow;

/**
 * One party waits for another.
 *
 * @param who the name of the actor that waits
 * @param forWhom the name of the actor that is to act; the same as {@code who} when it works itself
 *     and nobody else can help
 * @param what the thing that is awaited, as in "group 17" or "weights of v12"
 * @param seconds since when
 */
public record Wait(String who, String forWhom, String what, double seconds) {
  @Override
  public String toString() {
    return who.equals(forWhom)
        ? "%s is busy with %s since %.1f s".formatted(who, what, seconds)
        : "%s waits for %s from %s since %.1f s".formatted(who, what, forWhom, seconds);
  }
}
