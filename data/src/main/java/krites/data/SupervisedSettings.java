package krites.data;

/**
 * What is imitated of a row that has no response of its own.
 *
 * @param target which text
 * @param boxed whether an answer or a verdict stands in {@code \boxed{}}
 */
public record SupervisedSettings(Target target, boolean boxed) {
  /** Which text of a row is imitated. */
  public enum Target {
    /** The answer of a question; of a pair to judge, the verdict. */
    ANSWER,
    /** Of a pair, the response that is preferred, as an answer to its question. */
    CHOSEN
  }
}
