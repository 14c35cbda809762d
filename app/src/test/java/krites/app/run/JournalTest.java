package krites.app.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import krites.grpo.Drop;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.flow.LedgerEvent.GroupDropped;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.StepTrained;
import krites.grpo.flow.PromptMix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class JournalTest {
  private static final List<LedgerEvent> FEW =
      List.of(
          new GroupReady(1),
          new GroupDropped(2, Drop.STALE),
          new StepTrained(1, new PolicyVersion(0, 1)),
          new GroupReady(4));

  @TempDir Path folder;

  @Test
  void everyTypeOfEventReadsBackAsItWasWritten() {
    assertTrue(EventJson.TYPES.size() >= 16, "types: " + EventJson.TYPES.keySet());
    for (Class<?> type : EventJson.TYPES.values()) {
      for (long seed = 0; seed < 20; seed++) {
        SplittableRandom random = new SplittableRandom(seed);
        LedgerEvent event = (LedgerEvent) made(type, random);

        Path file = TestJournals.write(folder.resolve("one.jsonl"), List.of(event));

        assertEquals(List.of(event), events(file), "seed " + seed);
      }
    }
  }

  @Test
  void aReaderAtTheEndGoesOnWithWhatWasWrittenSince() throws IOException {
    byte[] whole = Files.readAllBytes(TestJournals.write(folder.resolve("whole.jsonl"), FEW));
    Path growing = Files.createFile(folder.resolve("growing.jsonl"));
    List<LedgerEvent> read = new ArrayList<>();
    try (JournalReader reader = JournalReader.open(growing)) {
      for (byte one : whole) {
        Files.write(growing, new byte[] {one}, StandardOpenOption.APPEND);
        reader.next().ifPresent(record -> read.add(record.event()));
      }
      assertEquals(FEW, read);
      assertEquals(TestJournals.endOf(growing), reader.end());
    }
  }

  @Test
  void aLineIsWhatTheDocumentationSays() throws IOException {
    Path file = TestJournals.write(folder.resolve("events.jsonl"), FEW.subList(0, 2));

    String time = "\"time\":\"2026-01-02T03:04:05.678Z\"";
    String first =
        TestJournals.sealed(
            "{\"seq\":1," + time + ",\"event\":\"GroupReady\",\"groupId\":1", "00000000");
    String crc = first.substring(first.length() - 11, first.length() - 3);
    String second =
        TestJournals.sealed(
            "{\"seq\":2," + time + ",\"event\":\"GroupDropped\",\"groupId\":2,\"reason\":\"STALE\"",
            crc);
    assertEquals(first + second, Files.readString(file));
    assertEquals("e3069283", TestJournals.crc32c("123456789"), "the check value of CRC-32C");
  }

  @Test
  void whatACrashLeftOfALineIsNoRecordAndNoError() throws IOException {
    Path file = TestJournals.write(folder.resolve("events.jsonl"), FEW);
    byte[] whole = Files.readAllBytes(file);
    long lastLine = new String(whole, StandardCharsets.UTF_8).strip().lastIndexOf('\n') + 1;
    for (int length = 0; length <= whole.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(whole, length));

      JournalEnd end = TestJournals.endOf(file);

      assertEquals(length, end.bytes() + end.tornBytes(), "cut to " + length);
      assertEquals(events(file), FEW.subList(0, (int) end.records()), "cut to " + length);
      assertTrue(length < whole.length || end.records() == 4);
      assertTrue(length < lastLine || length == whole.length || end.records() == 3);
    }
  }

  @Test
  void aWriterGoesOnAfterATornTail() throws IOException {
    Path file = TestJournals.write(folder.resolve("events.jsonl"), FEW.subList(0, 3));
    Files.writeString(file, "{\"seq\":4,\"ti", StandardOpenOption.APPEND);

    try (JournalWriter writer =
        JournalWriter.open(
            file, TestJournals.endOf(file), TestJournals.NEVER, TestJournals.CLOCK)) {
      writer.append(FEW.subList(3, 4));
      assertEquals(4, writer.records());
    }

    Path inOne = TestJournals.write(folder.resolve("in-one.jsonl"), FEW);
    assertEquals(Files.readString(inOne), Files.readString(file));
  }

  @Test
  void anAlteredRecordIsNamedByItsLine() throws IOException {
    Path file = TestJournals.write(folder.resolve("events.jsonl"), FEW);
    Files.writeString(file, Files.readString(file).replace("STALE", "STALL"));

    JournalException error = assertThrows(JournalException.class, () -> events(file));

    assertEquals(2, error.line());
    assertTrue(
        error.getMessage().startsWith(file + ": line 2: expected record 2 with crc "),
        error.getMessage());
    assertTrue(error.getMessage().endsWith("restore the file from a copy, or start a new run"));
  }

  @ParameterizedTest
  @CsvSource({
    "'0,2,3', 2, 'expected record 2, found record 3'", // removed
    "'0,1,1,2,3', 3, 'expected record 3, found record 2'", // doubled
    "'0,2,1,3', 2, 'expected record 2, found record 3'", // swapped
    "'1,2,3', 1, 'expected record 1, found record 2'"
  })
  void aRecordOutOfPlaceIsNamedByItsLine(String order, long line, String trouble)
      throws IOException {
    Path file = TestJournals.write(folder.resolve("events.jsonl"), FEW);
    List<String> lines = Files.readAllLines(file);
    List<String> moved = new ArrayList<>();
    for (String index : order.split(",")) {
      moved.add(lines.get(Integer.parseInt(index)));
    }
    Files.write(file, moved);

    JournalException error = assertThrows(JournalException.class, () -> events(file));

    assertEquals(line, error.line());
    assertTrue(error.getMessage().contains(": line " + line + ": " + trouble), error.getMessage());
  }

  @Test
  void aRecordReplacedByAWholeOneOfAnotherJournalIsFound() throws IOException {
    Path file = TestJournals.write(folder.resolve("events.jsonl"), FEW);
    Path other =
        TestJournals.write(
            folder.resolve("other.jsonl"), List.of(FEW.get(0), new GroupReady(9), FEW.get(2)));
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.set(1, Files.readAllLines(other).get(1));
    Files.write(file, lines);

    JournalException error = assertThrows(JournalException.class, () -> events(file));

    assertEquals(3, error.line(), "the next line still vouches for the one that was replaced");
    assertTrue(error.getMessage().contains("this record or the one before it"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"event\":\"GroupTeleported\",\"groupId\":1 | event GroupTeleported is unknown",
        "\"event\":\"GroupReady\",\"groupId\":1,\"colour\":2 | event GroupReady: Unrecognized field \"colour\"",
        "\"event\":\"GroupReady\" | event GroupReady: Missing creator property 'groupId'",
        "\"event\":\"GroupReady\",\"groupId\":1.5 | event GroupReady: ",
        "\"event\":\"GroupDropped\",\"groupId\":1,\"reason\":\"TIRED\" | event GroupDropped: ",
        "\"event\":\"StepTrained\",\"step\":1,\"version\":{\"number\":1} | event StepTrained: Missing",
        "\"groupId\":1 | expected the text event, found null"
      })
  void aRecordOfAnotherVersionIsNamedByItsLine(String fields, String trouble) throws IOException {
    Path file = TestJournals.write(folder.resolve("events.jsonl"), FEW.subList(0, 1));
    String crc = TestJournals.endOf(file).digest();
    String body = "{\"seq\":2,\"time\":\"2026-01-02T03:04:05.678Z\"," + fields;
    Files.writeString(file, TestJournals.sealed(body, crc), StandardOpenOption.APPEND);

    JournalException error = assertThrows(JournalException.class, () -> events(file));

    assertEquals(JournalException.Kind.FOREIGN, error.kind());
    assertTrue(error.getMessage().startsWith(file + ": line 2: " + trouble), error.getMessage());
    assertTrue(error.getMessage().contains("; it was written by another version of Krites"));
    assertFalse(error.getMessage().contains("\n"));
  }

  @Test
  void aReaderBeginsWhereTheJournalEndedOnce() throws IOException {
    List<LedgerEvent> events = PlayedRun.events(3);
    Path file = TestJournals.write(folder.resolve("events.jsonl"), events);
    JournalEnd end = TestJournals.endOf(file);
    List<JournalEnd> places = new ArrayList<>(List.of(JournalEnd.EMPTY));
    try (JournalReader reader = JournalReader.open(file)) {
      while (reader.next().isPresent()) {
        places.add(reader.end());
      }
    }
    for (JournalEnd place : places) {
      try (JournalReader reader = JournalReader.openAt(file, place).orElseThrow()) {
        assertEquals(events.size() - place.records(), reader.skip(Long.MAX_VALUE));
        assertEquals(end, reader.end());
      }
    }
    JournalEnd right = places.get(9);
    for (JournalEnd wrong :
        List.of(
            new JournalEnd(9, "12345678", right.bytes(), 0),
            new JournalEnd(10, right.digest(), right.bytes(), 0),
            new JournalEnd(9, right.digest(), right.bytes() - 1, 0),
            new JournalEnd(9, right.digest(), end.bytes() + 1, 0),
            new JournalEnd(9, right.digest(), 0, 0))) {
      assertEquals(Optional.empty(), JournalReader.openAt(file, wrong), wrong.toString());
    }
  }

  @Test
  void thePlaceOfAnyRecordCanBeAskedFor() {
    List<LedgerEvent> events = PlayedRun.events(3);
    Path file = folder.resolve("events.jsonl");
    try (JournalWriter writer =
        JournalWriter.open(file, JournalEnd.EMPTY, TestJournals.NEVER, TestJournals.CLOCK)) {
      writer.append(events.subList(0, 50));
    }
    try (JournalWriter writer =
            JournalWriter.open(
                file, TestJournals.endOf(file), TestJournals.NEVER, TestJournals.CLOCK);
        JournalReader reader = JournalReader.open(file)) {
      writer.append(events.subList(50, events.size()));

      assertEquals(JournalEnd.EMPTY, writer.at(0));
      for (long record = 1; record <= events.size(); record++) {
        assertTrue(reader.next().isPresent());
        assertEquals(reader.end(), writer.at(record));
      }
      assertThrows(IllegalStateException.class, () -> writer.at(events.size() + 1));
    }
  }

  private static List<LedgerEvent> events(Path file) {
    List<LedgerEvent> events = new ArrayList<>();
    try (JournalReader reader = JournalReader.open(file)) {
      for (var next = reader.next(); next.isPresent(); next = reader.next()) {
        events.add(next.get().event());
      }
    }
    return events;
  }

  /** An instance of a type with random content. */
  private static Object made(Type type, SplittableRandom random) {
    if (type == long.class || type == Long.class) {
      return random.nextBoolean() ? random.nextLong(1, 100) : random.nextLong(1, Long.MAX_VALUE);
    }
    if (type == int.class) {
      return random.nextInt(1, Integer.MAX_VALUE);
    }
    if (type == String.class) {
      return List.of("", "worker-1", "a \"b\" \\ c\n\u2028ü\uD83D\uDE00\t{}")
          .get(random.nextInt(3));
    }
    if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
      List<Object> elements = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        elements.add(made(list.getActualTypeArguments()[0], random));
      }
      return elements;
    }
    if (type instanceof Class<?> enumeration && enumeration.isEnum()) {
      Object[] constants = enumeration.getEnumConstants();
      return constants[random.nextInt(constants.length)];
    }
    if (type == PromptMix.class) {
      return random.nextBoolean()
          ? PromptMix.NONE
          : new PromptMix(random.nextLong(1, Long.MAX_VALUE), random.nextLong(1, 1_000_000));
    }
    if (type instanceof Class<?> record && record.isRecord()) {
      RecordComponent[] components = record.getRecordComponents();
      Class<?>[] types = new Class<?>[components.length];
      Object[] values = new Object[components.length];
      for (int i = 0; i < components.length; i++) {
        types[i] = components[i].getType();
        values[i] = made(components[i].getGenericType(), random);
      }
      try {
        return record.getDeclaredConstructor(types).newInstance(values);
      } catch (ReflectiveOperationException e) {
        throw new AssertionError("cannot make a " + type, e);
      }
    }
    throw new AssertionError(
        "events have a component of a type that this test cannot make: " + type);
  }

  @Test
  void aPlayedRunHasEveryTypeOfEvent() {
    Set<String> seen = new HashSet<>(Set.of("RunResumed")); // that one takes a crash
    for (long seed = 0; seed < 60; seed++) {
      PlayedRun.events(seed).forEach(event -> seen.add(EventJson.name(event)));
    }
    assertEquals(EventJson.TYPES.keySet(), seen);
  }
}
