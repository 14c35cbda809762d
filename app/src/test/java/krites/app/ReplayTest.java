package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import krites.app.run.BatchFiles;
import krites.app.run.JsonLines;
import krites.grpo.Group;
import krites.grpo.TrainingBatch;
import krites.grpo.TrainingGroup;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Asynchronous runs of the real network, killed, resumed and changed on the way, whose weights are
 * made again from what they recorded.
 */
final class ReplayTest {
  private static final List<String> SMALL =
      SmallRuns.with("async.max-staleness=2", "checkpoint.every-steps=2");

  @TempDir static Path folder;

  /** A run of six steps whose process was killed once; nobody changes it. */
  private static Path killed;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** Kills a process of a run in the middle of everything, and goes on in this one. */
  @BeforeAll
  static void makeKilledRun() throws Exception {
    killed = folder.resolve("killed");
    Process process =
        new ProcessBuilder(
                Stream.concat(
                        Stream.of(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-Xmx512m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            "krites.app.Main",
                            "train",
                            "--steps",
                            "1000",
                            "--run-dir",
                            killed.toString()),
                        SMALL.stream())
                    .toList())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("killed.txt").toFile())
            .start();
    Path metrics = killed.resolve("metrics.jsonl");
    // After an odd step the newest checkpoint is at least a step old: something is undone.
    while (process.isAlive() && !(Files.exists(metrics) && steps(metrics) >= 3)) {
      Thread.sleep(5);
    }
    assertTrue(process.isAlive(), () -> text(folder.resolve("killed.txt")));
    process.destroyForcibly().waitFor();
    ReplayTest verbs = new ReplayTest();
    long next = steps(metrics) + 3;
    int code = verbs.krites("train", "--resume", killed.toString(), "--steps", "" + next);
    assertEquals(ExitCode.OK, code, verbs.err());
  }

  @Test
  void aKilledAndResumedAsynchronousRunEndsWithTheSameBits() throws IOException {
    Path result = folder.resolve("again");

    assertEquals(
        ExitCode.OK, krites("replay", killed.toString(), "--out", result.toString()), both());

    long steps = steps(killed.resolve("metrics.jsonl"));
    assertTrue(out().contains(steps + " steps replayed, all identical\n"), out());
    assertTrue(Files.exists(killed.resolve("batches/settings-t1.conf")), "it was resumed");
    for (String file : List.of("model.safetensors", "optimizer.safetensors", "config.json")) {
      Path last = killed.resolve("checkpoints/step-" + steps).resolve(file);
      assertEquals(-1, Files.mismatch(last, result.resolve(file)), file);
    }
  }

  @Test
  void aReplayCanEndEarlier() {
    assertEquals(ExitCode.OK, krites("replay", killed.toString(), "--to", "1"), both());
    assertTrue(out().endsWith("1 steps replayed, all identical\n"), out());

    assertEquals(ExitCode.INPUT, krites("replay", killed.toString(), "--to", "9999"));
    assertTrue(err().contains("--to 9999: expected a step from 0 to "), err());
  }

  @Test
  void anAdvantageThatWasChangedIsFoundAtItsStep() throws IOException {
    Path copy = copy(killed, "changed");
    BatchFiles files = new BatchFiles(copy);
    TrainingBatch batch = files.read(2, termOf(copy, 2));
    files.write(withAnotherAdvantage(batch));

    assertEquals(ExitCode.CHECK_FAILED, krites("replay", copy.toString()), both());

    assertTrue(out().contains("step 1  v1"), out());
    assertTrue(out().contains("DIFFERENT  step 2: the weights of v2"), out());
    assertTrue(out().contains("the 1 steps before it are identical"), out());
  }

  @Test
  void aByteThatWasChangedIsFoundAtItsFile() throws IOException {
    Path copy = copy(killed, "damaged");
    Path file = copy.resolve("batches/step-000002-t" + termOf(copy, 2) + ".bin");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);

    assertEquals(ExitCode.INPUT, krites("replay", copy.toString()), both());

    assertTrue(err().contains(file + " cannot be used: expected CRC-32C"), err());
  }

  @Test
  void aBatchOfOtherGroupsIsNotTheJournals() throws IOException {
    Path copy = copy(killed, "other");
    BatchFiles files = new BatchFiles(copy);
    TrainingBatch batch = files.read(1, termOf(copy, 1));
    files.write(
        new TrainingBatch(
            1, batch.policy(), batch.groups().reversed(), batch.maxStaleness(), batch.tuning()));

    assertEquals(ExitCode.CHECK_FAILED, krites("replay", copy.toString()), both());

    assertTrue(out().contains("DIFFERENT  step 1: the journal trained v0"), out());
  }

  @Test
  void anotherStartModelIsNamed() throws IOException {
    Path copy = copy(killed, "model");
    Path trained = killed.resolve("checkpoints/step-" + steps(killed.resolve("metrics.jsonl")));
    Path settings = copy.resolve("batches/settings-t" + termOf(copy, 1) + ".conf");
    Files.writeString(settings, Files.readString(settings) + "\nmodel.path=\"" + trained + "\"\n");

    assertEquals(ExitCode.CHECK_FAILED, krites("replay", copy.toString()), both());

    assertTrue(out().contains("is model.path still the model that the run had?"), out());
  }

  @Test
  void aRunWithoutBatchesSaysWhatIsMissing() {
    Path run = folder.resolve("bare");
    assertEquals(
        ExitCode.OK, krites(train(run, "--steps", "1", "--set", "record.batches=false")), both());

    assertFalse(Files.exists(run.resolve("batches")));
    assertEquals(ExitCode.INPUT, krites("replay", run.toString()));
    assertTrue(err().contains("was not recorded; was record.batches = false?"), err());
  }

  /**
   * Each change is in force from the version that its answer names, and the replay makes it too.
   */
  @Test
  void settingsThatChangeWhileTheRunGoesOnAreReplayed() throws Exception {
    Path run = folder.resolve("live");
    ReplayTest other = new ReplayTest();
    CompletableFuture<Integer> running =
        CompletableFuture.supplyAsync(() -> other.krites(train(run, "--steps", "100000")));
    Path metrics = run.resolve("metrics.jsonl");
    while (!running.isDone() && !(Files.exists(metrics) && steps(metrics) >= 2)) {
      Thread.sleep(5);
    }

    assertEquals(ExitCode.INPUT, set(run, "learner.lr=-1"));
    assertTrue(err().endsWith("learner.lr: expected a number of at least 0, found -1.0\n"), err());
    assertEquals(ExitCode.INPUT, set(run, "learner.eps=1"));
    assertTrue(err().contains("learner.eps cannot change while a run goes on; these can: "), err());
    assertEquals(ExitCode.INPUT, set(run, "learner.rl=1"));
    assertTrue(err().contains("the nearest known key is learner.lr"), err());
    assertEquals(ExitCode.OK, set(run, "learner.lr=3e-3"), both() + other.both());
    assertTrue(out().matches("(?s).*learner.lr: 1.0E-4 -> 0.003, from version v\\d+ on\n"), out());
    assertEquals(ExitCode.OK, set(run, "algorithm.clip-high=0.5"), both());
    assertEquals(ExitCode.OK, set(run, "async.max-staleness=1"), both());
    assertEquals(ExitCode.OK, krites("status", run.toString()), both());
    assertTrue(out().contains(": running\n"), out());
    assertTrue(out().contains("changed while running: learner.lr = 0.003\n"), out());
    sun.misc.Signal.raise(new sun.misc.Signal("TERM"));
    assertEquals(ExitCode.INTERRUPTED, running.join(), other.both());

    assertEquals(
        3,
        Files.readAllLines(run.resolve("events.jsonl")).stream()
            .filter(line -> line.contains("SettingChanged"))
            .count());
    String config = Files.readString(run.resolve("config.resolved.conf"));
    assertTrue(config.contains("  lr = 0.003  # from "), config);
    assertTrue(config.contains("  max-staleness = 1"), config);
    assertEquals(ExitCode.OK, krites("replay", run.toString()), both());
    assertTrue(out().contains(steps(metrics) + " steps replayed, all identical\n"), out());
    assertEquals(ExitCode.OK, krites("status", run.toString()), both());
    assertTrue(out().contains("stopped in order"), out());
    assertEquals(ExitCode.INPUT, set(run, "learner.lr=1e-3"));
    assertTrue(err().contains("is not running; give its resume the new value"), err());
  }

  private int set(Path run, String assignment) {
    return krites("set", run.toString(), assignment);
  }

  private static String[] train(Path run, String... more) {
    List<String> all = new ArrayList<>(List.of("train", "--run-dir", run.toString()));
    all.addAll(List.of(more));
    all.addAll(SMALL);
    return all.toArray(String[]::new);
  }

  private static TrainingBatch withAnotherAdvantage(TrainingBatch batch) {
    List<TrainingGroup> groups = new ArrayList<>(batch.groups());
    TrainingGroup first = groups.getFirst();
    Group group = first.group();
    List<Double> advantages = new ArrayList<>(first.advantages());
    advantages.set(0, advantages.getFirst() + 0.25);
    assertEquals(group.responses().size(), advantages.size());
    groups.set(0, new TrainingGroup(first.scored(), advantages));
    return new TrainingBatch(
        batch.step(), batch.policy(), groups, batch.maxStaleness(), batch.tuning());
  }

  /** The term under which a step that survived was trained: the last that recorded it. */
  private static long termOf(Path run, long step) {
    return Files.exists(run.resolve("batches/step-00000" + step + "-t1.bin")) ? 1 : 0;
  }

  private static long steps(Path metrics) {
    return JsonLines.read(metrics).size();
  }

  private static Path copy(Path run, String name) throws IOException {
    Path copy = folder.resolve(name);
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file :
          files.filter(each -> !each.startsWith(run.resolve("checkpoints"))).toList()) {
        Files.copy(file, copy.resolve(run.relativize(file)));
      }
    }
    return copy;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  private int krites(String... args) {
    return Main.run(
        Main.Verbs.real(), new PrintStream(out, true), new PrintStream(err, true), args);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private String both() {
    return out() + err();
  }
}
