package krites.app.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import krites.app.ExitCode;
import krites.app.display.Terminal;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Whole plans with processes: the smallest one always, the short one in a soak. */
final class ChaosPlansTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void everythingHoldsUnderTheSmallestPlan() throws IOException {
    everythingHolds("smallest.conf");
  }

  @Test
  @Tag("soak")
  void everythingHoldsUnderTheShortPlan() throws IOException {
    everythingHolds("short.conf");
  }

  private void everythingHolds(String name) throws IOException {
    Path plan =
        Files.writeString(
            folder.resolve("plan.conf"),
            """
            include required(file("%s"))
            set.model.path = "%s"
            """
                .formatted(
                    ROOT.resolve(Path.of("cluster-conf", "examples", "chaos", name)),
                    ROOT.resolve(Path.of("models", "shapes-base"))));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Terminal terminal = Terminal.plain(new PrintStream(out, true, StandardCharsets.UTF_8));

    int code =
        new CommandLine(new ChaosCommand(terminal))
            .execute("--plan", plan.toString(), "--out", folder.resolve("chaos").toString());

    assertEquals(ExitCode.OK, code, out.toString(StandardCharsets.UTF_8));
  }
}
