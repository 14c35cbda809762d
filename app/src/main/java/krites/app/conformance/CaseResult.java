package krites.app.conformance;

/**
 * The outcome of comparing one tensor (or one value) of one golden case.
 *
 * @param check the folder of the golden data: {@code cases}, {@code preprocess}, {@code grpo}, ...
 * @param caseName the case inside it, for example {@code a/one_image}
 * @param item the tensor or value, for example {@code logits} or {@code
 *     grad.visual.merger.ln_q.weight}
 * @param maxDifference largest absolute difference; for values that are equal or not, the number of
 *     unequal ones
 * @param tolerance what is allowed, in the same unit
 * @param passed whether the case holds
 * @param note one line when there is something to say (what was expected and seen), else empty
 */
public record CaseResult(
    String check,
    String caseName,
    String item,
    double maxDifference,
    double tolerance,
    boolean passed,
    String note) {

  /** What the note of a case begins with that was not compared. */
  private static final String NOT_CHECKED = "not checked: ";

  /** A case that Krites has nothing to compare with; the summary counts it apart. */
  public static CaseResult notChecked(String check, String caseName, String item, String reason) {
    return new CaseResult(check, caseName, item, 0, 0, true, NOT_CHECKED + reason);
  }

  /** Whether anything was compared. */
  public boolean checked() {
    return !note.startsWith(NOT_CHECKED);
  }

  /** Compares a difference with its tolerance; a NaN fails. */
  public static CaseResult of(
      String check, String caseName, String item, double maxDifference, double tolerance) {
    return new CaseResult(
        check, caseName, item, maxDifference, tolerance, maxDifference <= tolerance, "");
  }

  /** A case that could not be run; {@code note} says why. */
  public static CaseResult failed(String check, String caseName, String item, String note) {
    return new CaseResult(check, caseName, item, Double.NaN, 0, false, note);
  }
}
