package krites.app.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import krites.app.ExitCode;
import krites.app.InputError;
import krites.app.audit.Audit;
import krites.app.audit.AuditReport;

/** What must hold after a run under faults. */
final class Checks {
  private Checks() {}

  /**
   * One of them.
   *
   * @param name what must hold
   * @param says what was found
   */
  record Check(String name, boolean holds, String says) {}

  /**
   * All of them.
   *
   * @param facts of the run's journal
   * @param steps that the job has; empty where it is stopped in order after the last fault
   * @param schedule the faults that had to come
   * @param goodput against the run without faults, where that is known
   * @param shareMin that it must reach; 0 asks for nothing
   */
  static List<Check> of(
      Outcome outcome,
      JournalFacts facts,
      Optional<Long> steps,
      List<PlannedFault> schedule,
      Optional<Goodput> goodput,
      double shareMin) {
    List<Check> checks = new ArrayList<>();
    checks.add(ended(outcome, facts, steps));
    checks.add(account(outcome));
    checks.add(none("versions are monotone", facts.regression(), "by term and number"));
    checks.add(none("no group was trained twice", facts.trainedTwice(), "over all steps"));
    checks.add(none("no stale group was trained", facts.stale(), "each at its batch"));
    checks.add(happened(outcome, schedule));
    checks.add(
        none(
            "no process ended by itself",
            outcome.unplannedEnds().isEmpty()
                ? Optional.empty()
                : Optional.of(String.join("; ", outcome.unplannedEnds())),
            "all ends were planned"));
    if (shareMin > 0) {
      checks.add(goodput(goodput, shareMin));
    }
    return checks;
  }

  private static Check none(String name, Optional<String> trouble, String otherwise) {
    return new Check(name, trouble.isEmpty(), trouble.orElse(otherwise));
  }

  private static Check ended(Outcome outcome, JournalFacts facts, Optional<Long> steps) {
    int code = steps.isPresent() ? ExitCode.OK : ExitCode.INTERRUPTED;
    boolean holds =
        outcome.exitCode().equals(Optional.of(code))
            && facts.outcome().equals(Optional.of(steps.isPresent() ? "completed" : "stopped"))
            && steps.orElse(facts.steps()) == facts.steps();
    String how =
        outcome
            .exitCode()
            .map(found -> found == code ? "" : ", train ended with exit code " + found)
            .orElse(", it had no more time");
    return new Check(
        steps.isPresent() ? "the run ended with all steps" : "the run ended in order",
        holds,
        facts.steps()
            + steps.map(all -> " of " + all + ", ").orElse(" steps, ")
            + facts.outcome().orElse("not ended in order")
            + how);
  }

  private static Check account(Outcome outcome) {
    String name = "the account closes";
    try {
      AuditReport report = Audit.of(outcome.run());
      long dropped = report.books().dropped().values().stream().mapToLong(Long::longValue).sum();
      return report.closes()
          ? new Check(
              name,
              true,
              report.books().issued()
                  + " issued = "
                  + report.books().trained()
                  + " trained + "
                  + dropped
                  + " dropped + "
                  + report.books().inFlight()
                  + " in flight")
          : new Check(name, false, report.findings().getFirst().text());
    } catch (InputError | krites.app.run.RunFileException e) {
      return new Check(name, false, String.valueOf(e.getMessage()));
    }
  }

  private static Check happened(Outcome outcome, List<PlannedFault> schedule) {
    Set<PlannedFault> done =
        outcome.done().stream().map(Outcome.Done::fault).collect(Collectors.toSet());
    List<PlannedFault> missing = schedule.stream().filter(fault -> !done.contains(fault)).toList();
    String count = done.size() + " of " + schedule.size();
    return new Check(
        "all planned faults came",
        missing.isEmpty(),
        missing.isEmpty()
            ? count
            : count
                + " before the run ended; not "
                + missing.stream()
                    .map(fault -> fault.words() + " of " + fault.process())
                    .collect(Collectors.joining(", "))
                + ": give the job more steps");
  }

  private static Check goodput(Optional<Goodput> goodput, double shareMin) {
    String wanted = String.format(Locale.ROOT, "expected at least %.2f", shareMin);
    return new Check(
        "effective training time",
        goodput.isPresent() && goodput.get().share() >= shareMin,
        goodput
            .map(known -> String.format(Locale.ROOT, "%.2f, %s", known.share(), wanted))
            .orElse("not known without a run without faults (--baseline), " + wanted));
  }
}
