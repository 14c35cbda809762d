package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The smoke job, cut short, on nodes that are processes of their own, as a user starts them. */
final class ClusterProcessTest {
  private static final String LOOPBACK = "127.0.0.1";

  @TempDir private Path folder;

  private final List<Process> nodes = new ArrayList<>();
  private final int port = freePort();

  @AfterEach
  void endNodes() throws InterruptedException {
    nodes.forEach(Process::destroyForcibly);
    for (Process node : nodes) {
      node.waitFor();
    }
  }

  @Test
  void threeProcessesRunTheSmokeJobAndTheAccountCloses() throws Exception {
    start("lead", port, "orchestrator,params,reward");
    start("learner", 0, "learner");
    start("worker", 0, "rollout");
    assertEquals(ExitCode.OK, train(2).get());
    assertEquals(ExitCode.OK, krites("audit", folder.resolve("run").toString()));
    for (Process node : nodes) {
      node.destroy(); // SIGTERM
    }
    for (Process node : nodes) {
      assertTrue(node.waitFor(60, TimeUnit.SECONDS), "a node ends when it is asked to");
    }
  }

  @Test
  @Tag("soak")
  void aWorkerIsKilledInTheMidstAndTheAccountCloses() throws Exception {
    start("lead", port, "orchestrator,params,reward,learner");
    start("worker", 0, "rollout");
    Process victim = start("victim", 0, "rollout");
    CompletableFuture<Integer> run = train(24);
    Path metrics = folder.resolve("run").resolve("metrics.jsonl");
    await(() -> lines(metrics) >= 3);
    victim.destroyForcibly(); // SIGKILL
    assertEquals(ExitCode.OK, run.get());
    assertEquals(ExitCode.OK, krites("audit", folder.resolve("run").toString()));
    assertEquals(24, lines(metrics));
  }

  @Test
  @Tag("soak")
  void aLearnerOfTwoProcessesLosesOneAndTheRunGoesOn() throws Exception {
    start("lead", port, "orchestrator,params,reward,rollout");
    start("learner", 0, "learner");
    Process victim = start("victim", 0, "learner");
    CompletableFuture<Integer> run =
        train(10, "--set", "learner.members=2", "--set", "checkpoint.every-steps=2");
    Path metrics = folder.resolve("run").resolve("metrics.jsonl");
    await(() -> lines(metrics) >= 3);
    assertTrue(Files.readString(metrics).contains("learner/member_wait_seconds"));
    victim.destroyForcibly(); // SIGKILL
    assertEquals(ExitCode.OK, run.get());
    assertEquals(ExitCode.OK, krites("audit", folder.resolve("run").toString()));
    assertEquals(10, lines(metrics));
    List<String> steps = Files.readAllLines(metrics);
    assertFalse(steps.getLast().contains("learner/member_wait_seconds"), "one is left");
  }

  private Process start(String name, int listen, String roles) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dai.djl.offline=true",
            "-DOPT_OUT_TRACKING=true",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "krites.app.Main",
            "node",
            "--roles",
            roles,
            "--port",
            String.valueOf(listen),
            "--seed-node",
            LOOPBACK + ":" + port);
    Process node =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile())
            .start();
    nodes.add(node);
    return node;
  }

  private CompletableFuture<Integer> train(int steps, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                "--cluster",
                LOOPBACK + ":" + port,
                "--config",
                "smoke",
                "--steps",
                String.valueOf(steps),
                "--run-dir",
                folder.resolve("run").toString(),
                "--set",
                "eval.critic-items=8",
                "--set",
                "eval.policy-items=8",
                "--set",
                "model.path=" + Path.of("..").resolve(ModelFolder.SHIPPED).toAbsolutePath()));
    arguments.addAll(List.of(more));
    return CompletableFuture.supplyAsync(() -> krites(arguments.toArray(String[]::new)));
  }

  private int krites(String... arguments) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            Main.Verbs.real(),
            new PrintStream(PrintStream.nullOutputStream()),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            arguments);
    assertEquals("", err.toString(StandardCharsets.UTF_8));
    return code;
  }

  private static void await(java.util.function.BooleanSupplier condition)
      throws InterruptedException {
    long end = System.nanoTime() + Duration.ofMinutes(5).toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "waited for five minutes");
      Thread.sleep(200);
    }
  }

  private static int lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file).size() : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK))) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
