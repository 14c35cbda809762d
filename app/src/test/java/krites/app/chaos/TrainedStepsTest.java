package krites.app.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import krites.app.run.RunDirectory;
import krites.app.run.TestJournals;
import krites.grpo.PolicyVersion;
import krites.grpo.flow.LedgerEvent.GroupReady;
import krites.grpo.flow.LedgerEvent.StepTrained;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Steps are counted while a journal grows, also over a crash and a change of the process that
 * writes it.
 */
final class TrainedStepsTest {
  @TempDir private Path run;

  @Test
  void stepsAreCountedAsTheyComeAndOnceEach() throws IOException {
    byte[] whole =
        Files.readAllBytes(
            TestJournals.write(
                run.resolve("whole.jsonl"),
                List.of(
                    new StepTrained(1, new PolicyVersion(0, 1)),
                    new GroupReady(1),
                    new StepTrained(2, new PolicyVersion(0, 2)))));
    int second = new String(whole, StandardCharsets.UTF_8).indexOf('\n') + 1;
    Path journal = run.resolve(RunDirectory.EVENTS);
    TrainedSteps steps = new TrainedSteps(run);
    assertEquals(0, steps.count());
    Files.write(journal, Arrays.copyOf(whole, second));
    assertEquals(1, steps.count());
    Files.writeString(journal, "{\"seq\":2,\"event\":\"Half", StandardOpenOption.APPEND);
    assertEquals(1, steps.count());
    Path copy = run.resolve("copy.jsonl"); // a successor puts a copy in its place
    Files.write(copy, Arrays.copyOf(whole, second));
    Files.move(copy, journal, StandardCopyOption.REPLACE_EXISTING);
    assertEquals(1, steps.count());
    Files.write(journal, whole); // and goes on
    assertEquals(2, steps.count());
    assertEquals(2, steps.count());
  }
}
