package krites.grpo.flow;

/**
 * A place in the endless, seeded order of prompts.
 *
 * @param number position in that order, from 0; it decides which prompt is meant
 * @param attempt how often this place was issued before and came back, from 0; it only changes the
 *     seed
 */
public record PromptTicket(long number, int attempt) implements Comparable<PromptTicket> {
  public PromptTicket {
    if (number < 0 || attempt < 0) {
      throw new IllegalArgumentException(
          "prompt ticket " + number + " attempt " + attempt + " is negative");
    }
  }

  /** The same place, tried once more with another seed. */
  public PromptTicket again() {
    return new PromptTicket(number, attempt + 1);
  }

  @Override
  public int compareTo(PromptTicket other) {
    int byNumber = Long.compare(number, other.number);
    return byNumber != 0 ? byNumber : Integer.compare(attempt, other.attempt);
  }
}
