package krites.app.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.audit.AuditReport.Change;
import krites.app.audit.AuditReport.Finding;
import krites.app.audit.AuditReport.Resume;
import krites.app.run.JournalEnd;
import krites.app.run.JournalException;
import krites.app.run.JournalReader;
import krites.app.run.JournalRecord;
import krites.app.run.RunDirectory;
import krites.grpo.flow.Account;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.RunEnded;
import krites.grpo.flow.LedgerEvent.RunResumed;
import krites.grpo.flow.LedgerEvent.RunStarted;
import krites.grpo.flow.LedgerEvent.SettingChanged;
import krites.grpo.flow.RunLedger;
import org.jspecify.annotations.Nullable;

/**
 * Reads a journal once, beside it keeps two sets of books (an {@link AuditAccount} and a {@link
 * RunLedger}), and says what does not hold.
 */
public final class Audit {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final AuditAccount account = new AuditAccount();
  private final List<Finding> findings = new ArrayList<>();
  private final List<Resume> resumes = new ArrayList<>();
  private final List<Change> changes = new ArrayList<>();
  private Optional<RunLedger> ledger = Optional.empty();
  private Optional<JournalRecord> first = Optional.empty();
  private Optional<JournalRecord> last = Optional.empty();
  private boolean accountBroke;
  private boolean ledgerBroke;

  private Audit() {}

  /** What {@code summary.json} says of the journal. */
  private record Claim(long records, String digest) {}

  /**
   * Audits the run in a folder.
   *
   * @throws krites.app.InputError if it has no journal, or one of another version
   */
  public static AuditReport of(Path runFolder) {
    return new Audit()
        .read(runFolder.resolve(RunDirectory.EVENTS), runFolder.resolve(RunDirectory.SUMMARY));
  }

  private AuditReport read(Path journal, Path summary) {
    Optional<Claim> claim = claim(summary);
    JournalEnd end;
    try (JournalReader reader = JournalReader.open(journal)) {
      try {
        for (var next = reader.next(); next.isPresent(); next = reader.next()) {
          book(next.get());
          claim.ifPresent(said -> compare(said, reader.end()));
        }
      } catch (JournalException e) {
        if (e.kind() == JournalException.Kind.FOREIGN) {
          throw e;
        }
        findings.add(new Finding(e.line(), String.valueOf(e.getMessage())));
      }
      end = reader.end();
    }
    if (end.records() == 0 && findings.isEmpty()) {
      findings.add(new Finding(1, journal + ": expected at least one record, found none"));
    }
    if (claim.isPresent() && claim.get().records() > end.records() && findings.isEmpty()) {
      findings.add(
          new Finding(
              end.records() + 1,
              journal
                  + ": "
                  + RunDirectory.SUMMARY
                  + " was written after record "
                  + claim.get().records()
                  + ", found "
                  + end.records()
                  + " records: the end was removed"));
    }
    Books books = account.close();
    if (findings.isEmpty()) {
      compareBooks(books, end.records());
    }
    return new AuditReport(
        journal, end, first, last, outcome(), claim.isPresent(), books, resumes, changes, findings);
  }

  private void book(JournalRecord record) {
    LedgerEvent event = record.event();
    if (first.isEmpty()) {
      first = Optional.of(record);
    }
    last = Optional.of(record);
    switch (event) {
      case RunResumed resumed -> resumes.add(new Resume(record.seq(), record.time(), resumed));
      case SettingChanged changed -> changes.add(new Change(record.seq(), changed));
      default -> {} // only these two are told one by one
    }
    if (!accountBroke) {
      try {
        account.book(event);
      } catch (IllegalStateException e) {
        accountBroke = true;
        findings.add(new Finding(record.seq(), "the books: " + e.getMessage()));
      }
    }
    if (!ledgerBroke) {
      try {
        replay(event);
      } catch (IllegalStateException | IllegalArgumentException e) {
        ledgerBroke = true;
        findings.add(new Finding(record.seq(), "the ledger: " + e.getMessage()));
      }
    }
  }

  private void replay(LedgerEvent event) {
    if (ledger.isPresent()) {
      ledger.get().apply(event);
    } else if (event instanceof RunStarted started) {
      ledger = Optional.of(RunLedger.of(started));
    } else {
      throw new IllegalStateException("the first event is " + event + ", expected RunStarted");
    }
  }

  private Optional<Claim> claim(Path summary) {
    if (!Files.exists(summary)) {
      return Optional.empty();
    }
    try {
      JsonNode content = MAPPER.readTree(Files.readString(summary));
      JsonNode records = content.path("journal_records");
      JsonNode digest = content.path("journal_digest");
      if (records.isIntegralNumber() && digest.isTextual()) {
        return Optional.of(new Claim(records.longValue(), digest.textValue()));
      }
      findings.add(
          new Finding(
              0, summary + ": expected journal_records and journal_digest, found neither or one"));
    } catch (IOException e) {
      findings.add(new Finding(0, "cannot read " + summary + ": " + e.getMessage()));
    }
    return Optional.empty();
  }

  private void compare(Claim claim, JournalEnd end) {
    if (claim.records() == end.records() && !claim.digest().equals(end.digest())) {
      findings.add(
          new Finding(
              end.records(),
              RunDirectory.SUMMARY
                  + " says that this record has crc "
                  + claim.digest()
                  + ", found "
                  + end.digest()
                  + ": this is not the journal of that run"));
    }
  }

  /** Two sets of books that were kept apart must say the same. */
  private void compareBooks(Books books, long line) {
    if (!books.closes()) {
      findings.add(new Finding(line, "issued groups and their ends do not add up: " + books));
    }
    RunLedger replayed = ledger.orElseThrow();
    Account other = replayed.account();
    require(line, "groups issued", books.issued(), other.issued());
    require(line, "groups trained", books.trained(), other.trained());
    require(line, "groups dropped", books.dropped(), other.dropped());
    require(line, "groups in flight", books.inFlight(), other.inFlight());
    require(line, "steps", books.step(), replayed.completedSteps());
    require(line, "version", books.version(), replayed.version());
    require(line, "oldest age", books.oldestAge(), replayed.maxStalenessSeen());
    require(line, "prompts set aside", books.setAside(), replayed.setAside());
  }

  private void require(long line, String what, Object books, Object ledgerSays) {
    if (!books.equals(ledgerSays)) {
      findings.add(
          new Finding(line, what + ": the books say " + books + ", the ledger says " + ledgerSays));
    }
  }

  private @Nullable String outcome() {
    return last.map(JournalRecord::event).orElse(null) instanceof RunEnded(String outcome)
        ? outcome
        : null;
  }
}
