package krites.app.chaos;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import krites.app.run.JournalException;
import krites.app.run.JournalReader;
import krites.app.run.JournalRecord;
import krites.app.run.RunDirectory;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.GroupCut;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;

/**
 * What a journal says about a run under faults, read in a way of its own: it shares no code with
 * the ledger and the audit.
 *
 * @param records all that could be read, in order
 */
record JournalFacts(List<JournalRecord> records) {
  JournalFacts {
    records = List.copyOf(records);
  }

  /** The journal of a run, up to its first damaged line; empty where there is none. */
  static JournalFacts of(Path runFolder) {
    Path journal = runFolder.resolve(RunDirectory.EVENTS);
    List<JournalRecord> records = new ArrayList<>();
    if (!Files.exists(journal)) {
      return new JournalFacts(records);
    }
    try (JournalReader reader = JournalReader.open(journal)) {
      for (var next = reader.next(); next.isPresent(); next = reader.next()) {
        records.add(next.get());
      }
    } catch (JournalException e) {
      return new JournalFacts(records); // the audit says what is wrong with it
    }
    return new JournalFacts(records);
  }

  /**
   * The first version that went back, by term and number: one that was trained must be above the
   * one before, one that was published may be published again.
   */
  Optional<String> regression() {
    Optional<PolicyVersion> trained = Optional.empty();
    Optional<PolicyVersion> published = Optional.empty();
    for (JournalRecord record : records) {
      switch (record.event()) {
        case StepTrained(long _, PolicyVersion version) -> {
          if (trained.isPresent() && version.compareTo(trained.get()) <= 0) {
            return wentBack(record, "trained", version, trained.get());
          }
          trained = Optional.of(version);
        }
        case VersionPublished(PolicyVersion version, String _) -> {
          if (published.isPresent() && version.compareTo(published.get()) < 0) {
            return wentBack(record, "published", version, published.get());
          }
          published = Optional.of(version);
        }
        default -> {} // no other event makes a version
      }
    }
    return Optional.empty();
  }

  private static Optional<String> wentBack(
      JournalRecord record, String what, PolicyVersion version, PolicyVersion before) {
    return Optional.of(
        "line " + record.seq() + ": " + version + " was " + what + " after " + before);
  }

  /** The first group that was trained a second time; a prompt that comes back is a new group. */
  Optional<String> trainedTwice() {
    Set<Long> trained = new HashSet<>();
    List<Long> batch = List.of();
    for (JournalRecord record : records) {
      switch (record.event()) {
        case BatchTaken taken -> batch = taken.groupIds();
        case StepTrained step -> {
          for (long id : batch) {
            if (!trained.add(id)) {
              return Optional.of(
                  "line "
                      + record.seq()
                      + ": step "
                      + step.step()
                      + " trained group "
                      + id
                      + " again");
            }
          }
          batch = List.of();
        }
        default -> {} // no other event trains
      }
    }
    return Optional.empty();
  }

  /** The first group that was older than the limit in force when its batch was taken. */
  Optional<String> stale() {
    Map<Long, Long> oldest = new HashMap<>();
    int limit = Integer.MAX_VALUE;
    for (JournalRecord record : records) {
      switch (record.event()) {
        case RunStarted started -> limit = started.limits().maxStaleness();
        case RunResumed resumed -> limit = resumed.limits().maxStaleness();
        case SettingChanged changed -> limit = changed.limits().maxStaleness();
        case GroupCut cut -> oldest.merge(cut.groupId(), cut.oldest().number(), Math::min);
        case GroupGenerated made -> oldest.merge(made.groupId(), made.oldest().number(), Math::min);
        case BatchTaken batch -> {
          for (long id : batch.groupIds()) {
            long age = batch.policy().number() - oldest.getOrDefault(id, 0L);
            if (age > limit) {
              return Optional.of(
                  "line "
                      + record.seq()
                      + ": group "
                      + id
                      + " is "
                      + age
                      + " versions old, the limit is "
                      + limit);
            }
          }
        }
        default -> {} // no other event says how old a group is
      }
    }
    return Optional.empty();
  }

  /** How the run ended, as its last record says. */
  Optional<String> outcome() {
    return !records.isEmpty() && records.getLast().event() instanceof RunEnded(String outcome)
        ? Optional.of(outcome)
        : Optional.empty();
  }

  /** Steps in the weights. */
  long steps() {
    long step = 0;
    for (JournalRecord record : records) {
      if (record.event() instanceof StepTrained trained) {
        step = trained.step();
      } else if (record.event() instanceof RunResumed resumed) {
        step = resumed.step();
      }
    }
    return step;
  }

  /** When the responses to the first prompt were there. */
  Optional<Instant> firstGroup() {
    return records.stream()
        .filter(record -> record.event() instanceof GroupGenerated)
        .map(JournalRecord::time)
        .findFirst();
  }

  /** When the first step was trained. */
  Optional<Instant> firstStep() {
    return records.stream()
        .filter(record -> record.event() instanceof StepTrained)
        .map(JournalRecord::time)
        .findFirst();
  }

  /**
   * Steps a minute that stayed in the weights, from the first step on; empty with fewer than two.
   */
  Optional<Double> stepsPerMinute() {
    List<Instant> times =
        records.stream()
            .filter(record -> record.event() instanceof StepTrained)
            .map(JournalRecord::time)
            .toList();
    if (times.size() < 2 || steps() < 2) {
      return Optional.empty();
    }
    double minutes = Duration.between(times.getFirst(), times.getLast()).toMillis() / 60_000.0;
    return minutes > 0 ? Optional.of((steps() - 1) / minutes) : Optional.empty();
  }

  /**
   * What followed a fault.
   *
   * @param nextStep until a step was trained, were it one that was trained before; empty if none
   *     was
   * @param newStep until a step was trained that had never been
   * @param lost groups that ended untrained until the next fault, by reason
   */
  record Aftermath(Optional<Duration> nextStep, Optional<Duration> newStep, Map<Drop, Long> lost) {
    Aftermath {
      lost = Map.copyOf(lost);
    }
  }

  /**
   * What followed a fault.
   *
   * @param from when it came
   * @param until when the next one came
   */
  Aftermath after(Instant from, Instant until) {
    long highest = 0;
    long step = 0;
    int batch = 0;
    Optional<Duration> nextStep = Optional.empty();
    Optional<Duration> newStep = Optional.empty();
    Map<Drop, Long> lost = new EnumMap<>(Drop.class);
    for (JournalRecord record : records) {
      boolean later = !record.time().isBefore(from);
      boolean counts = later && record.time().isBefore(until);
      switch (record.event()) {
        case StepTrained trained -> {
          step = trained.step();
          Optional<Duration> since = Optional.of(Duration.between(from, record.time()));
          nextStep = later && nextStep.isEmpty() ? since : nextStep;
          newStep = later && newStep.isEmpty() && step > highest ? since : newStep;
          highest = later ? highest : Math.max(highest, step);
        }
        case BatchTaken taken -> batch = taken.groupIds().size();
        case RunResumed resumed -> {
          if (counts && step > resumed.step()) {
            lost.merge(Drop.UNDONE, (step - resumed.step()) * batch, Long::sum);
          }
          step = resumed.step();
        }
        case GroupDropped dropped -> {
          if (counts) {
            lost.merge(dropped.reason(), 1L, Long::sum);
          }
        }
        default -> {} // no other event is progress or loss
      }
    }
    return new Aftermath(nextStep, newStep, lost);
  }
}
