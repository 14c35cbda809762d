package krites.app.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import krites.app.InputError;
import krites.grpo.flow.LiveSetting;
import krites.grpo.port.ControlInbox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ControlFilesTest {
  @TempDir Path folder;

  private final List<LiveSetting> kept = new ArrayList<>();

  @Test
  void aRequestIsHandedOverOnceAndItsAnswerReachesWhoeverAsked() throws Exception {
    ControlFiles files = files();
    try (RunLock _ = lock()) {
      var asked = ask("async.max-staleness", "4", Duration.ofMinutes(1));

      ControlInbox.Request request = await(files);
      assertEquals(new LiveSetting.MaxStaleness(4), request.setting());
      assertEquals(List.of(), files.poll());
      files.answer(request.id(), true, "async.max-staleness: 1 -> 4, from version v37 on");

      assertEquals(
          new ControlClient.Outcome.Granted("async.max-staleness: 1 -> 4, from version v37 on"),
          asked.join());
    }
    assertEquals(List.of(new LiveSetting.MaxStaleness(4)), kept);
    assertEquals(List.of("refused", "taken"), names(control()));
    assertEquals(List.of(), names(control().resolve("taken")));
  }

  @Test
  void aRefusalIsToldAndNotKept() throws Exception {
    ControlFiles files = files();
    try (RunLock _ = lock()) {
      var asked = ask("async.max-staleness", "4", Duration.ofMinutes(1));
      files.answer(await(files).id(), false, "the run is closing");

      assertEquals(new ControlClient.Outcome.Refused("the run is closing"), asked.join());
    }
    assertEquals(List.of(), kept);
    assertEquals(1, names(control().resolve("refused")).size());
  }

  @Test
  void garbageIsAnsweredAndMovedAside() throws IOException {
    ControlFiles files = files();
    String nothing = "";
    String half = "{\"key\":\"async.max-sta";
    String other = "{\"key\": 3, \"value\": []}";
    String unknown = "{\"key\":\"moon.phase\",\"value\":\"full\"}";
    String value = "{\"key\":\"async.max-staleness\",\"value\":\"-1\"}";
    String tooLong = "{\"key\":\"async.max-staleness\",\"value\":\"" + "1".repeat(5000) + "\"}";
    List<String> garbage = List.of(nothing, half, other, unknown, value, tooLong);
    for (int i = 0; i < garbage.size(); i++) {
      Files.writeString(control().resolve("request-" + i + ".json"), garbage.get(i));
    }
    Files.createDirectory(control().resolve("request-folder.json"));
    Files.write(control().resolve("request-bytes.json"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    Files.writeString(control().resolve(".request-9.json.tmp"), "{");
    Files.writeString(control().resolve("letter.txt"), "{");

    assertEquals(List.of(), files.poll());

    for (String id : List.of("0", "1", "2", "3", "4", "5", "folder", "bytes")) {
      ControlFolder.Answer answer =
          ControlFolder.readAnswer(control().resolve("answer-" + id + ".json"));
      assertFalse(answer.accepted(), id);
      assertFalse(answer.message().isBlank(), id);
      assertTrue(Files.exists(control().resolve("refused/request-" + id + ".json")), id);
    }
    assertEquals(
        "moon.phase is no live setting",
        ControlFolder.readAnswer(control().resolve("answer-3.json")).message());
    assertEquals(
        "async.max-staleness cannot be -1",
        ControlFolder.readAnswer(control().resolve("answer-4.json")).message());
    assertTrue(Files.exists(control().resolve("letter.txt")), "what is no request is left alone");
  }

  @Test
  void manyRequestsComeInTheOrderInWhichTheyWereMade() throws IOException {
    ControlFiles files = files();
    for (int i = 999; i >= 750; i--) {
      ControlFolder.of(folder)
          .write("0" + i, new ControlFolder.Request("async.max-staleness", "" + i));
    }

    List<LiveSetting> seen = new ArrayList<>();
    for (int polls = 0; polls < 3; polls++) {
      List<ControlInbox.Request> requests = files.poll();
      assertTrue(requests.size() <= 100);
      requests.forEach(request -> seen.add(request.setting()));
    }

    assertEquals(250, seen.size());
    assertEquals(new LiveSetting.MaxStaleness(750), seen.getFirst());
    assertEquals(new LiveSetting.MaxStaleness(999), seen.getLast());
  }

  @Test
  void whatADeadProcessLeftIsNotCarriedOut() throws IOException {
    ControlFiles dead = files();
    ControlFolder control = ControlFolder.of(folder);
    control.write("1", new ControlFolder.Request("async.max-staleness", "1"));
    dead.poll(); // taken, and then the process dies
    control.write("2", new ControlFolder.Request("async.max-staleness", "2"));
    control.write("0", new ControlFolder.Answer(true, "long ago"));

    ControlFiles files = files();

    assertEquals(List.of(), files.poll());
    for (String id : List.of("1", "2")) {
      assertEquals(
          new ControlFolder.Answer(false, "the process that this was meant for is gone; ask again"),
          ControlFolder.readAnswer(control.answer(id)));
    }
    assertFalse(Files.exists(control.answer("0")));
    assertEquals(List.of("request-1.json", "request-2.json"), names(control.refused()));
  }

  @Test
  void aRequestThatNobodyTakesUpIsWithdrawn() throws IOException {
    ControlFiles files = files();
    try (RunLock _ = lock()) {
      assertEquals(
          new ControlClient.Outcome.Silence(false),
          new ControlClient(folder).ask("async.max-staleness", "4", Duration.ofMillis(120)));
    }
    assertEquals(List.of(), files.poll());
  }

  @Test
  void aRequestThatWasTakenUpAndNotAnsweredIsSaidToBe() throws Exception {
    ControlFiles files = files();
    try (RunLock _ = lock()) {
      var asked = ask("async.max-staleness", "4", Duration.ofSeconds(1));
      await(files);

      assertEquals(new ControlClient.Outcome.Silence(true), asked.join());
    }
  }

  @Test
  void aProcessThatIsGoneIsNotWaitedFor() {
    files();

    assertEquals(
        new ControlClient.Outcome.Ended(),
        new ControlClient(folder).ask("async.max-staleness", "4", Duration.ofMinutes(1)));
    assertEquals(List.of(), files().poll());
  }

  @Test
  void aChangeThatCannotBeKeptIsInForceAndSaysSo() throws IOException {
    ControlFiles files =
        new ControlFiles(
            folder,
            ControlFilesTest::understand,
            setting -> {
              throw new RunFileException(
                  "write", folder.resolve("c"), new IOException("No space left on device"));
            });
    ControlFolder.of(folder).write("1", new ControlFolder.Request("async.max-staleness", "4"));

    files.answer(files.poll().getFirst().id(), true, "done");

    assertEquals(
        new ControlFolder.Answer(
            true,
            "done; a resume will not know of it: cannot write "
                + folder.resolve("c")
                + ": No space left on device"),
        ControlFolder.readAnswer(control().resolve("answer-1.json")));
  }

  @Test
  void aFolderThatIsTakenAwayStopsNothing() throws IOException {
    ControlFiles files = files();
    DurableFiles.deleteTree(control());

    assertEquals(List.of(), files.poll());
    Files.writeString(control(), "a file");
    assertEquals(List.of(), files.poll());
    files.answer("1", true, "nobody hears it");
  }

  private ControlFiles files() {
    return new ControlFiles(folder, ControlFilesTest::understand, kept::add);
  }

  private static LiveSetting understand(String key, String value) {
    if (!key.equals("async.max-staleness")) {
      throw new InputError(key + " is no live setting");
    }
    return new LiveSetting.MaxStaleness(Integer.parseInt(value));
  }

  private CompletableFuture<ControlClient.Outcome> ask(
      String key, String value, Duration patience) {
    return CompletableFuture.supplyAsync(() -> new ControlClient(folder).ask(key, value, patience));
  }

  private static ControlInbox.Request await(ControlFiles files) throws InterruptedException {
    List<ControlInbox.Request> requests = files.poll();
    while (requests.isEmpty()) {
      Thread.sleep(5);
      requests = files.poll();
    }
    return requests.getFirst();
  }

  /** The lock of a process that is alive. */
  private RunLock lock() throws IOException {
    return RunLock.acquire(folder, TestJournals.ALONE).orElseThrow();
  }

  private Path control() {
    return folder.resolve("control");
  }

  private static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
