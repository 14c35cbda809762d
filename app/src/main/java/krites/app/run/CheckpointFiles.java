package krites.app.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import krites.app.InputError;
import krites.grpo.flow.RunState;
import krites.grpo.port.CheckpointStore;
import krites.grpo.port.PolicyTrainer;

/**
 * Checkpoints of a run as folders: what the trainer saves, and the run's state as {@value #STATE},
 * with the digest of the journal that it belongs to.
 */
public final class CheckpointFiles implements CheckpointStore {
  /** Groups, prompts, limits and versions at the moment of the checkpoint. */
  public static final String STATE = "run-state.json";

  /** Rises when the file changes in a way that an older version would misread. */
  private static final int LAYOUT = 2;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private final Checkpoints checkpoints;
  private final Lineage lineage;

  CheckpointFiles(Checkpoints checkpoints, Lineage lineage) {
    this.checkpoints = checkpoints;
    this.lineage = lineage;
  }

  /** What ties a checkpoint to the journal of its run. */
  interface Lineage {
    /** Where the journal ended with a record that was written already. */
    JournalEnd at(long record);

    /**
     * Refuses a checkpoint that comes too late: its learner was taken for lost while it wrote, and
     * the run has gone on from an earlier one.
     *
     * @param record of the journal, the last that the checkpoint has seen
     * @throws RuntimeException with one line that says so
     */
    void requireCurrent(long record);
  }

  /**
   * The state in a checkpoint.
   *
   * @param journalDigest the checksum that the journal's record number {@code state.journal()} had
   * @param journalBytes where the journal ended with it; empty if an older version wrote it
   */
  public record Saved(RunState state, String journalDigest, OptionalLong journalBytes) {
    /** Where the journal ended, if that is known. */
    Optional<JournalEnd> end() {
      return journalBytes.isPresent()
          ? Optional.of(new JournalEnd(state.journal(), journalDigest, journalBytes.getAsLong(), 0))
          : Optional.empty();
    }
  }

  @Override
  public Path write(RunState state, PolicyTrainer trainer) {
    String text = text(state, lineage.at(state.journal()));
    return checkpoints
        .write(
            state.step(),
            folder -> {
              trainer.save(folder);
              Files.writeString(folder.resolve(STATE), text);
            },
            () -> lineage.requireCurrent(state.journal()))
        .folder();
  }

  private static String text(RunState state, JournalEnd journal) {
    JsonNode tree = MAPPER.valueToTree(state);
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("layout", LAYOUT);
    content.put("journal_digest", journal.digest());
    content.put("journal_bytes", journal.bytes());
    content.put("crc", crc(tree));
    content.put("state", tree);
    return MAPPER.valueToTree(content).toPrettyString() + "\n";
  }

  /**
   * The state in a checkpoint.
   *
   * @throws InputError if it is missing, damaged or of another version
   */
  public static Saved read(Checkpoints.Checkpoint checkpoint) {
    Path file = checkpoint.folder().resolve(STATE);
    try {
      JsonNode content = MAPPER.readTree(Files.readString(file));
      int layout = content.path("layout").asInt(0);
      if (content.has("ledger") || (layout != LAYOUT && layout > 0)) {
        throw new InputError(
            file
                + ": expected layout "
                + LAYOUT
                + ", found "
                + (layout == 0 ? "an older one" : layout)
                + "; it was written by another version of Krites: use that version for this run");
      }
      JsonNode state = content.path("state");
      if (!state.isObject() || !crc(state).equals(content.path("crc").asText())) {
        throw damaged(checkpoint, "its crc does not fit its content", null);
      }
      JsonNode bytes = content.path("journal_bytes");
      return new Saved(
          MAPPER.treeToValue(state, RunState.class),
          content.path("journal_digest").asText(),
          bytes.isIntegralNumber() ? OptionalLong.of(bytes.longValue()) : OptionalLong.empty());
    } catch (JsonProcessingException e) {
      throw damaged(checkpoint, e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputError(RunFileException.message("read", file, e), e);
    }
  }

  private static InputError damaged(
      Checkpoints.Checkpoint checkpoint,
      String trouble,
      @org.jspecify.annotations.Nullable JsonProcessingException cause) {
    String message =
        checkpoint.folder().resolve(STATE)
            + ": not the state of a run: "
            + trouble
            + "; without the folder "
            + checkpoint.folder()
            + " the run goes on from the checkpoint before";
    return cause == null ? new InputError(message) : new InputError(message, cause);
  }

  /** Over the content alone, however it is laid out. */
  private static String crc(JsonNode state) {
    CRC32C crc = new CRC32C();
    crc.update(state.toString().getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }
}
