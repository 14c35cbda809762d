package krites.app.audit;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import krites.app.InputError;
import krites.app.audit.AuditReport.Change;
import krites.app.audit.DiffReport.DigestDifference;
import krites.app.audit.DiffReport.Divergence;
import krites.app.audit.DiffReport.SettingDifference;
import krites.app.audit.DiffReport.Side;
import krites.app.run.JournalReader;
import krites.app.run.JournalRecord;
import krites.app.run.RunDirectory;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.BatchTaken;
import krites.grpo.flow.LedgerEvent.CheckpointWritten;
import krites.grpo.flow.LedgerEvent.CopyLost;
import krites.grpo.flow.LedgerEvent.GroupCut;
import krites.grpo.flow.LedgerEvent.GroupDispatched;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupGenerated;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.GroupStarted;
import krites.grpo.flow.LedgerEvent.PromptSetAside;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.LedgerEvent.VersionPublished;

/**
 * Reads two journals side by side up to the first decision in which they differ, and on from there
 * for the digests of the published weights. Memory grows with the number of versions only.
 */
public final class JournalDiff {
  private static final int CONTEXT = 3; // records before and after; more would hide the difference
  private static final String ANY = "";

  private final Strictness strictness;

  /**
   * What counts as a difference beside the decisions.
   *
   * @param workers names of workers
   * @param times times of the records
   */
  public record Strictness(boolean workers, boolean times) {}

  public JournalDiff(Strictness strictness) {
    this.strictness = strictness;
  }

  /** One journal while it is read. */
  private static final class Reading implements AutoCloseable {
    final JournalReader reader;
    final Map<Long, DiffReport.Digest> digests = new TreeMap<>(); // by number of the version
    final List<Change> changes = new ArrayList<>();

    Reading(Path runFolder) {
      reader = JournalReader.open(runFolder.resolve(RunDirectory.EVENTS));
    }

    Optional<JournalRecord> next() {
      Optional<JournalRecord> record = reader.next();
      record.ifPresent(
          known -> {
            if (known.event() instanceof VersionPublished(var version, var digest)) {
              digests.put(version.number(), new DiffReport.Digest(known.seq(), digest));
            }
            if (known.event() instanceof SettingChanged change) {
              changes.add(new Change(known.seq(), change));
            }
          });
      return record;
    }

    @Override
    public void close() {
      reader.close();
    }
  }

  /**
   * Compares two runs.
   *
   * @throws InputError if a journal or a configuration is missing or damaged
   */
  public DiffReport of(Path runA, Path runB) {
    List<SettingDifference> settings = settings(runA, runB);
    try (Reading a = new Reading(runA);
        Reading b = new Reading(runB)) {
      Optional<Divergence> divergence = firstDifference(a, b);
      long records = a.reader.end().records();
      drain(a);
      drain(b);
      return new DiffReport(
          runA,
          runB,
          settings,
          a.changes,
          b.changes,
          divergence,
          digests(a, b),
          divergence.map(found -> found.line() - 1).orElse(records));
    }
  }

  private Optional<Divergence> firstDifference(Reading a, Reading b) {
    Deque<JournalRecord> before = new ArrayDeque<>();
    long line = 1;
    while (true) {
      Optional<JournalRecord> one = a.next();
      Optional<JournalRecord> other = b.next();
      if (one.isEmpty() && other.isEmpty()) {
        return Optional.empty();
      }
      if (!same(one, other)) {
        return Optional.of(
            new Divergence(
                line, kind(one, other), List.copyOf(before), side(one, a), side(other, b)));
      }
      before.addLast(one.orElseThrow());
      if (before.size() > CONTEXT) {
        before.removeFirst();
      }
      line++;
    }
  }

  private static Side side(Optional<JournalRecord> record, Reading reading) {
    List<JournalRecord> after = new ArrayList<>();
    while (record.isPresent() && after.size() < CONTEXT) {
      Optional<JournalRecord> next = reading.next();
      if (next.isEmpty()) {
        break;
      }
      after.add(next.get());
    }
    return new Side(record, after);
  }

  private static void drain(Reading reading) {
    while (reading.next().isPresent()) {}
  }

  private boolean same(Optional<JournalRecord> one, Optional<JournalRecord> other) {
    if (one.isEmpty() || other.isEmpty()) {
      return false; // both being empty is the end, and was seen before
    }
    return decision(one.get().event()).equals(decision(other.get().event()))
        && (!strictness.times() || one.get().time().equals(other.get().time()));
  }

  /** An event without what is no decision of the run; digests are compared apart. */
  private LedgerEvent decision(LedgerEvent event) {
    LedgerEvent decision =
        event instanceof VersionPublished(var version, var _)
            ? new VersionPublished(version, ANY)
            : event;
    return strictness.workers() ? decision : withoutWorker(decision);
  }

  private static LedgerEvent withoutWorker(LedgerEvent event) {
    return switch (event) {
      case GroupStarted(long id, var ticket, String _) -> new GroupStarted(id, ticket, ANY);
      case GroupDispatched(long id, String _) -> new GroupDispatched(id, ANY);
      case CopyLost(long id, String _) -> new CopyLost(id, ANY);
      case GroupCut(long id, String _, var oldest) -> new GroupCut(id, ANY, oldest);
      case GroupGenerated(long id, String _, var oldest, int tokens) ->
          new GroupGenerated(id, ANY, oldest, tokens);
      case RunStarted _,
          RunResumed _,
          VersionPublished _,
          GroupReady _,
          GroupDropped _,
          PromptSetAside _,
          BatchTaken _,
          StepTrained _,
          CheckpointWritten _,
          SettingChanged _,
          RunEnded _ ->
          event;
    };
  }

  /** What was decided differently, in words. */
  private static String kind(Optional<JournalRecord> one, Optional<JournalRecord> other) {
    if (one.isEmpty() || other.isEmpty()) {
      return "one journal ends, the other goes on";
    }
    LedgerEvent a = one.get().event();
    LedgerEvent b = other.get().event();
    return a.getClass().equals(b.getClass())
        ? kind(a)
        : "what happened next: " + kind(a) + ", or " + kind(b);
  }

  private static String kind(LedgerEvent event) {
    return switch (event) {
      case RunStarted _ -> "what the run started with";
      case RunResumed _ -> "where the run went on";
      case VersionPublished _ -> "which version was published";
      case GroupStarted _ -> "which group started, with which prompt";
      case GroupDispatched _ -> "which group was given to one more worker";
      case CopyLost _ -> "which copy of a group was lost";
      case GroupCut _ -> "which group was cut, to be continued";
      case GroupGenerated _ -> "which group was completed, under which weights and how long";
      case GroupReady _ -> "which group had its rewards";
      case GroupDropped _ -> "which group was dropped, and why";
      case PromptSetAside _ -> "which prompt was set aside";
      case BatchTaken _ -> "which groups made up a batch";
      case StepTrained _ -> "which step was trained";
      case CheckpointWritten _ -> "which checkpoint was written";
      case SettingChanged _ -> "which setting was changed";
      case RunEnded _ -> "how the run ended";
    };
  }

  private static Optional<DigestDifference> digests(Reading a, Reading b) {
    for (Map.Entry<Long, DiffReport.Digest> version : a.digests.entrySet()) {
      DiffReport.Digest other = b.digests.get(version.getKey());
      if (other != null && !other.sha256().equals(version.getValue().sha256())) {
        return Optional.of(new DigestDifference(version.getKey(), version.getValue(), other));
      }
    }
    return Optional.empty();
  }

  private static List<SettingDifference> settings(Path runA, Path runB) {
    Map<String, String> a = settings(runA);
    Map<String, String> b = settings(runB);
    TreeSet<String> keys = new TreeSet<>(a.keySet());
    keys.addAll(b.keySet());
    List<SettingDifference> differences = new ArrayList<>();
    for (String key : keys) {
      if (!Objects.equals(a.get(key), b.get(key))) {
        differences.add(
            new SettingDifference(
                key, a.getOrDefault(key, "nothing"), b.getOrDefault(key, "nothing")));
      }
    }
    return differences;
  }

  private static Map<String, String> settings(Path runFolder) {
    Path file = runFolder.resolve(RunDirectory.CONFIG);
    try {
      Config config = ConfigFactory.parseFile(file.toFile());
      Map<String, String> values = new TreeMap<>();
      config
          .entrySet()
          .forEach(
              entry ->
                  values.put(
                      entry.getKey(), entry.getValue().render(ConfigRenderOptions.concise())));
      return values;
    } catch (ConfigException e) {
      throw new InputError(file + ": expected settings: " + e.getMessage(), e);
    }
  }
}
