package krites.app.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import krites.grpo.flow.LedgerEvent;
import org.jspecify.annotations.Nullable;

/**
 * The form of a line: {@code {"seq":N,"time":"...","event":"...",<fields>,"crc":"<8 digits>"}}.
 *
 * <p>The checksum is the CRC-32C over the eight digits of the record before and the bytes of the
 * line up to the comma before {@code "crc"}. So every record vouches for all before it.
 */
final class JournalLine {
  /** Stands for the checksum before the first record. */
  static final String FIRST = "00000000";

  private static final String CRC_KEY = ",\"crc\":\"";
  private static final String SEQ_KEY = "{\"seq\":";
  private static final int CRC_DIGITS = 8;
  private static final int TAIL = CRC_KEY.length() + CRC_DIGITS + "\"}".length();
  private static final HexFormat HEX = HexFormat.of();

  /** Three digits after the second, always, so that lines read as columns. */
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  private JournalLine() {}

  /** A written line and its checksum. */
  record Written(String text, String crc) {}

  /** The line of an event, line feed included. */
  static Written write(long seq, Instant time, LedgerEvent event, String crcBefore) {
    String fields = EventJson.fields(event);
    String body =
        SEQ_KEY
            + seq
            + ",\"time\":\""
            + TIME.format(time)
            + "\",\"event\":\""
            + EventJson.name(event)
            + "\""
            + (fields.isEmpty() ? "" : "," + fields);
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String crc = crc(crcBefore, bytes, bytes.length);
    return new Written(body + CRC_KEY + crc + "\"}\n", crc);
  }

  /**
   * What is wrong with a line as the next one after a checksum; null if it is the line that was
   * written.
   */
  static @Nullable String trouble(long seq, String crcBefore, byte[] line, int length) {
    long found = seqOf(line, length);
    if (found < 0) {
      return "expected a record that begins with " + SEQ_KEY + seq + ", found something else";
    }
    if (found != seq) {
      return "expected record " + seq + ", found record " + found;
    }
    String crc = crcOf(line, length);
    if (crc == null) {
      return "expected record " + seq + " to end with its crc, found something else";
    }
    String expected = crc(crcBefore, line, length - TAIL);
    return crc.equals(expected)
        ? null
        : "expected record "
            + seq
            + " with crc "
            + expected
            + ", found "
            + crc
            + ": this record or the one before it is not the one that was written";
  }

  /** The checksum that a line carries; null if it has none. */
  static @Nullable String crcOf(byte[] line, int length) {
    int start = length - TAIL;
    if (start < 0
        || !ascii(line, start, CRC_KEY.length()).equals(CRC_KEY)
        || !ascii(line, length - 2, 2).equals("\"}")) {
      return null;
    }
    return ascii(line, start + CRC_KEY.length(), CRC_DIGITS);
  }

  /** Reads a line that was checked. */
  static JournalRecord parse(byte[] line, int length) throws EventJson.Unreadable {
    ObjectNode fields = EventJson.tree(line, length);
    long seq = seqOf(line, length);
    fields.remove("seq");
    String time = text(fields, "time");
    String type = text(fields, "event");
    String crc = text(fields, "crc");
    try {
      return new JournalRecord(seq, Instant.parse(time), EventJson.read(type, fields), crc);
    } catch (DateTimeParseException e) {
      throw new EventJson.Unreadable("time: expected an ISO instant, found " + time, e);
    }
  }

  private static String text(ObjectNode fields, String key) throws EventJson.Unreadable {
    JsonNode value = fields.remove(key);
    if (value == null || !value.isTextual()) {
      throw new EventJson.Unreadable("expected the text " + key + ", found " + value, null);
    }
    return value.textValue();
  }

  /** The number that a line begins with; -1 if it does not begin as a record does. */
  static long seqOf(byte[] line, int length) {
    int digits = SEQ_KEY.length();
    if (length < digits || !ascii(line, 0, digits).equals(SEQ_KEY)) {
      return -1;
    }
    long seq = 0;
    int i = digits;
    int most = digits + 18; // more digits than a long has
    while (i < length && i < most && line[i] >= '0' && line[i] <= '9') {
      seq = 10 * seq + (line[i++] - '0');
    }
    return i > digits && i < length && line[i] == ',' && line[digits] != '0' ? seq : -1;
  }

  private static String crc(String before, byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(before.getBytes(StandardCharsets.US_ASCII));
    crc.update(bytes, 0, length);
    return HEX.toHexDigits((int) crc.getValue());
  }

  private static String ascii(byte[] bytes, int from, int length) {
    return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
  }
}
