package krites.app.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.audit.AuditReport.Change;
import krites.app.run.JournalRecord;
import org.jspecify.annotations.Nullable;

/**
 * How two runs differ.
 *
 * @param runA a run's folder
 * @param runB another's
 * @param settings keys of the configurations that differ; they alone make no two runs different
 * @param changesA live changes of the one
 * @param changesB live changes of the other
 * @param divergence the first decision that differs
 * @param weights the first version whose published weights differ
 * @param sameRecords records before the first difference
 */
public record DiffReport(
    Path runA,
    Path runB,
    List<SettingDifference> settings,
    List<Change> changesA,
    List<Change> changesB,
    Optional<Divergence> divergence,
    Optional<DigestDifference> weights,
    long sameRecords) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** A key of the configuration with its two values. */
  public record SettingDifference(String key, String a, String b) {}

  /** One journal at the first difference: its record, if it has one there, and those after it. */
  public record Side(Optional<JournalRecord> record, List<JournalRecord> after) {
    public Side {
      after = List.copyOf(after);
    }
  }

  /**
   * The first difference.
   *
   * @param line its line, in both journals
   * @param kind what was decided differently
   * @param before the last records of the one before it, which are the same in the other
   */
  public record Divergence(long line, String kind, List<JournalRecord> before, Side a, Side b) {
    public Divergence {
      before = List.copyOf(before);
    }
  }

  /** The digest of published weights, and the line that has it. */
  public record Digest(long line, String sha256) {}

  /** The first version of which both runs published weights that are not the same. */
  public record DigestDifference(long version, Digest a, Digest b) {}

  public DiffReport {
    settings = List.copyOf(settings);
    changesA = List.copyOf(changesA);
    changesB = List.copyOf(changesB);
  }

  /** Whether all decisions and all published weights are the same. */
  public boolean same() {
    return divergence.isEmpty() && weights.isEmpty();
  }

  /** The report for a person. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("A " + runA);
    lines.add("B " + runB);
    for (SettingDifference each : settings) {
      lines.add("setting " + each.key() + ": A " + each.a() + ", B " + each.b());
    }
    changesA.forEach(change -> lines.add("live change A " + shown(change)));
    changesB.forEach(change -> lines.add("live change B " + shown(change)));
    divergence.ifPresent(found -> show(found, lines));
    if (divergence.isEmpty()) {
      lines.add("all " + sameRecords + " decisions are the same");
    }
    lines.add(weightsInWords());
    return lines;
  }

  private static String shown(Change change) {
    return "line " + change.line() + ": " + AuditReport.shown(change.event());
  }

  private static void show(Divergence found, List<String> lines) {
    lines.add("first difference at line " + found.line() + ": " + found.kind());
    found.before().forEach(record -> lines.add("    " + shown(record)));
    show("A", found.a(), lines);
    show("B", found.b(), lines);
  }

  private static void show(String name, Side side, List<String> lines) {
    lines.add(
        "  " + name + " " + side.record().map(DiffReport::shown).orElse("the journal ends here"));
    side.after().forEach(record -> lines.add("    " + shown(record)));
  }

  private static String shown(JournalRecord record) {
    return record.seq() + ": " + record.event();
  }

  private String weightsInWords() {
    if (weights.isEmpty()) {
      return "the weights that both published are the same";
    }
    DigestDifference found = weights.get();
    return "the weights differ from version "
        + found.version()
        + " on (A line "
        + found.a().line()
        + ", B line "
        + found.b().line()
        + "), "
        + order()
        + ": A "
        + found.a().sha256()
        + ", B "
        + found.b().sha256();
  }

  private String order() {
    if (divergence.isEmpty()) {
      return "although all decisions are the same: the arithmetic differs";
    }
    return weights.orElseThrow().a().line() < divergence.get().line()
        ? "before the first decision that differs: the arithmetic differs"
        : "after the first decision that differs";
  }

  /** The report as one JSON document. */
  public String json() {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("same", same());
    document.put("a", runA.toString());
    document.put("b", runB.toString());
    document.put("settings", settings);
    document.put("changes_a", changesA);
    document.put("changes_b", changesB);
    document.put("same_records", sameRecords);
    document.put("divergence", divergence.map(DiffReport::json).orElse(null));
    document.put("weights", weights.orElse(null));
    document.put(
        "weights_differ",
        weights.isEmpty()
            ? "never"
            : divergence.isPresent() && weights.get().a().line() >= divergence.get().line()
                ? "later"
                : "earlier");
    return MAPPER.valueToTree(document).toPrettyString();
  }

  private static Map<String, @Nullable Object> json(Divergence found) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("line", found.line());
    object.put("kind", found.kind());
    object.put("before", found.before().stream().map(DiffReport::json).toList());
    object.put("a", found.a().record().map(DiffReport::json).orElse(null));
    object.put("b", found.b().record().map(DiffReport::json).orElse(null));
    object.put("after_a", found.a().after().stream().map(DiffReport::json).toList());
    object.put("after_b", found.b().after().stream().map(DiffReport::json).toList());
    return object;
  }

  private static Map<String, Object> json(JournalRecord record) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("line", record.seq());
    object.put("event", record.event().getClass().getSimpleName());
    object.put("fields", record.event());
    return object;
  }
}
