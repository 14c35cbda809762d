package krites.eval.select;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The step to take for a purpose.
 *
 * @param step the chosen one, whose checkpoint is there
 * @param value its own accuracy for the purpose
 * @param smoothed the mean of its check and those beside it, by which it was chosen
 * @param alike other steps whose checkpoint is there and whose smoothed value is within noise of
 *     the chosen one's
 * @param why one sentence for each reason
 */
public record Selection(
    long step, double value, double smoothed, List<Long> alike, List<String> why) {
  public Selection {
    alike = List.copyOf(alike);
    why = List.copyOf(why);
  }

  private record Candidate(CurvePoint point, double value, double smoothed, double halfWidth) {}

  /**
   * Chooses among steps that were measured.
   *
   * <p>The highest of many checks is high in part by luck, so a step is valued by the mean of its
   * check and its neighbours', the middle one twice, and at an end once more; of equal ones the
   * earliest is taken, which has gone least far from the start.
   *
   * @param points in the order of their steps
   * @return empty where no step was measured for the purpose and kept
   */
  public static Optional<Selection> of(List<CurvePoint> points, Purpose purpose) {
    List<CurvePoint> measured =
        points.stream().filter(point -> purpose.value(point).isPresent()).toList();
    List<Candidate> all = candidates(measured, purpose);
    Optional<Candidate> best = highest(all);
    Optional<Candidate> kept =
        highest(all.stream().filter(candidate -> candidate.point().kept()).toList());
    return kept.map(chosen -> selection(purpose, chosen, best.orElseThrow(), all));
  }

  private static List<Candidate> candidates(List<CurvePoint> measured, Purpose purpose) {
    List<Purpose.Value> values =
        measured.stream().map(point -> purpose.value(point).orElseThrow()).toList();
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < measured.size(); i++) {
      double before = values.get(Math.max(0, i - 1)).mean();
      double after = values.get(Math.min(values.size() - 1, i + 1)).mean();
      double smoothed = (before + 2 * values.get(i).mean() + after) / 4;
      candidates.add(
          new Candidate(
              measured.get(i), values.get(i).mean(), smoothed, values.get(i).halfWidth()));
    }
    return candidates;
  }

  private static Optional<Candidate> highest(List<Candidate> candidates) {
    Optional<Candidate> best = Optional.empty();
    for (Candidate candidate : candidates) {
      if (best.isEmpty() || candidate.smoothed() > best.get().smoothed() + 1e-12) {
        best = Optional.of(candidate);
      }
    }
    return best;
  }

  private static Selection selection(
      Purpose purpose, Candidate chosen, Candidate best, List<Candidate> all) {
    List<Long> alike =
        all.stream()
            .filter(candidate -> candidate.point().kept() && candidate != chosen)
            .filter(candidate -> chosen.smoothed() - candidate.smoothed() <= chosen.halfWidth())
            .map(candidate -> candidate.point().step())
            .toList();
    List<String> why = new ArrayList<>();
    String word =
        switch (purpose) {
          case CRITIC -> "critic accuracy";
          case POLICY -> "policy accuracy";
          case BALANCED -> "mean of critic and policy accuracy";
        };
    why.add(
        String.format(
            Locale.ROOT,
            "highest %s, %.3f over this check and those beside it (%.3f +- %.3f in this one)",
            word,
            chosen.smoothed(),
            chosen.value(),
            chosen.halfWidth()));
    if (best.point().step() != chosen.point().step()) {
      why.add(
          String.format(
              Locale.ROOT,
              "step %d was higher, %.3f, and its checkpoint is gone",
              best.point().step(),
              best.smoothed()));
    }
    if (!alike.isEmpty()) {
      why.add("within noise of it: " + steps(alike));
    }
    return new Selection(chosen.point().step(), chosen.value(), chosen.smoothed(), alike, why);
  }

  private static String steps(List<Long> steps) {
    int shown = 12; // a line
    String list =
        String.join(", ", steps.stream().limit(shown).map(step -> "step " + step).toList());
    return steps.size() <= shown ? list : list + " and " + (steps.size() - shown) + " more";
  }
}
