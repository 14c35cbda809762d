package krites.app.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import krites.app.run.JournalEnd;
import krites.app.run.JournalRecord;
import krites.grpo.Drop;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import org.jspecify.annotations.Nullable;

/**
 * What an audit found.
 *
 * @param journal the file
 * @param end where it ends
 * @param first its first record
 * @param last its last record
 * @param outcome what the last record says of the end; null if the run did not end in order
 * @param summarised whether there is a summary that says how long the journal has to be
 * @param books the accounts, as far as the journal could be read
 * @param resumes where the run went on after a stop or a crash
 * @param changes settings that were changed while it ran
 * @param findings what does not hold; none when the account closes
 */
public record AuditReport(
    Path journal,
    JournalEnd end,
    Optional<JournalRecord> first,
    Optional<JournalRecord> last,
    @Nullable String outcome,
    boolean summarised,
    Books books,
    List<Resume> resumes,
    List<Change> changes,
    List<Finding> findings) {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** Something that does not hold; line 0 is the summary. */
  public record Finding(long line, String text) {}

  /** Where a run went on. */
  public record Resume(long line, Instant time, RunResumed event) {}

  /** A setting that was changed while the run went on. */
  public record Change(long line, SettingChanged event) {}

  public AuditReport {
    resumes = List.copyOf(resumes);
    changes = List.copyOf(changes);
    findings = List.copyOf(findings);
  }

  /** Whether everything holds. */
  public boolean closes() {
    return findings.isEmpty();
  }

  /** The report for a person; long lists are shortened. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    add(lines, "journal", journal + ": " + end.records() + " records, digest " + end.digest());
    add(lines, "time", time(first) + " to " + time(last));
    add(lines, "end", endInWords());
    if (end.tornBytes() > 0) {
      add(
          lines,
          "torn tail",
          end.tornBytes() + " bytes of a line that a crash left unfinished; nobody relied on it");
    }
    add(
        lines,
        "groups",
        books.issued()
            + " issued = "
            + books.trained()
            + " trained + "
            + droppedInAll()
            + " dropped + "
            + books.inFlight()
            + " in flight");
    dropped().forEach((reason, count) -> add(lines, "  dropped", reason + " " + count));
    add(
        lines,
        "steps",
        books.step()
            + " of "
            + books.steps()
            + ", version "
            + books.version()
            + ", "
            + books.undoneSteps()
            + " more undone by resumes");
    add(
        lines,
        "ages",
        new TreeMap<>(books.ages())
                .entrySet().stream()
                    .map(age -> age.getValue() + " groups of age " + age.getKey())
                    .collect(Collectors.joining(", "))
            + (books.ages().isEmpty() ? "none" : "")
            + "; the limit is "
            + books.maxStaleness()
            + (changes.isEmpty() ? "" : " at the end"));
    for (Resume resume : resumes) {
      add(
          lines,
          "resume",
          "line "
              + resume.line()
              + ", "
              + resume.time()
              + ": after step "
              + resume.event().step()
              + " as "
              + resume.event().version());
    }
    for (Change change : changes) {
      add(lines, "change", "line " + change.line() + ": " + shown(change.event()));
    }
    new TreeMap<>(books.setAside())
        .forEach((prompt, reason) -> add(lines, "set aside", "prompt " + prompt + ": " + reason));
    for (Finding finding : findings) {
      add(
          lines,
          "FAIL",
          finding.line() == 0 ? finding.text() : "line " + finding.line() + ": " + finding.text());
    }
    lines.add(
        closes()
            ? "the account closes: every group ended exactly once or is in flight, and no age was"
                + " above its limit"
            : "the account does not close");
    return lines;
  }

  /** The report as one JSON document. */
  public String json() {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("closes", closes());
    document.put("journal", journal.toString());
    document.put("records", end.records());
    document.put("digest", end.digest());
    document.put("torn_bytes", end.tornBytes());
    document.put("first_time", time(first));
    document.put("last_time", time(last));
    document.put("ended_in_order", outcome != null);
    document.put("outcome", outcome);
    document.put("summary_compared", summarised);
    document.put("groups_issued", books.issued());
    document.put("groups_trained", books.trained());
    document.put("groups_dropped", dropped());
    document.put("groups_in_flight", books.inFlight());
    document.put("steps", books.step());
    document.put("steps_planned", books.steps());
    document.put("steps_undone", books.undoneSteps());
    document.put("version", books.version());
    document.put("max_staleness", books.maxStaleness());
    document.put("max_age_seen", books.oldestAge());
    document.put("ages", new TreeMap<>(books.ages()));
    document.put("resumes", resumes.stream().map(AuditReport::json).toList());
    document.put("changes", changes.stream().map(AuditReport::json).toList());
    document.put("set_aside", new TreeMap<>(books.setAside()));
    document.put("findings", findings);
    return MAPPER.valueToTree(document).toPrettyString();
  }

  private static Map<String, Object> json(Resume resume) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("line", resume.line());
    object.put("time", resume.time().toString());
    object.put("step", resume.event().step());
    object.put("version", resume.event().version());
    return object;
  }

  private static Map<String, Object> json(Change change) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("line", change.line());
    object.put("key", change.event().key());
    object.put("before", change.event().before());
    object.put("after", change.event().after());
    object.put("from", change.event().from());
    return object;
  }

  /** A change in one line. */
  static String shown(SettingChanged change) {
    return change.key()
        + " "
        + change.before()
        + " → "
        + change.after()
        + " from "
        + change.from()
        + " on";
  }

  private String endInWords() {
    if (outcome == null) {
      return "the run did not end in order (crashed, or still running); records that were removed at"
          + " the end cannot be told from a crash";
    }
    return outcome
        + (summarised
            ? ", as summary.json says"
            : ", but there is no summary.json to compare the end with");
  }

  private Map<String, Long> dropped() {
    Map<String, Long> byName = new LinkedHashMap<>();
    for (Drop reason : Drop.values()) {
      Long count = books.dropped().get(reason);
      if (count != null) {
        byName.put(reason.name().toLowerCase(Locale.ROOT), count);
      }
    }
    return byName;
  }

  private long droppedInAll() {
    return books.dropped().values().stream().mapToLong(Long::longValue).sum();
  }

  private static String time(Optional<JournalRecord> record) {
    return record.map(known -> known.time().toString()).orElse("never");
  }

  private static void add(List<String> lines, String title, String text) {
    lines.add("%-12s %s".formatted(title, text));
  }
}
