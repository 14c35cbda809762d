package krites.app.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import krites.app.InputError;
import krites.app.ResidentMemory;
import krites.model.qwen25vl.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The measurements run, say what they found, and leave nothing behind. No time is judged here. */
class BenchTest {
  @TempDir private Path work;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final PrintStream print = new PrintStream(out);

  @Test
  void rolloutComparesEngineAndTwinOnTheSameWork() throws IOException {
    int code =
        run(
            new BenchRolloutCommand(print, quiet()),
            "--batch 2 --prompt 40 --new-tokens 3 --tail-batch 2 --only decode,group,tail --no-ceilings");
    assertEquals(0, code);
    JsonNode root = new ObjectMapper().readTree(out.toString());
    Set<String> variants = new TreeSet<>();
    for (JsonNode result : root.path("results")) {
      variants.add(result.path("variant").asText());
      if (result.path("work").asText().startsWith("decode")) {
        assertTrue(result.path("tokens_per_second").path("median").asDouble() > 0);
      }
      if (result.path("work").asText().startsWith("long tail")) {
        assertEquals(1, result.path("same_tokens_share").path("median").asDouble());
      }
      if (result.path("work").asText().startsWith("group")) {
        double least = result.path("variant").asText().endsWith("bf16") ? 0.1 : 1e-4;
        assertTrue(result.path("log_prob_difference").path("most").asDouble() < least);
      }
    }
    assertEquals(Set.of("engine f32", "engine bf16", "ndarray f32"), variants);
    assertTrue(root.path("machine").path("cores").asInt() > 0);
    try (Stream<Path> left = Files.list(work)) {
      assertEquals(0, left.count(), "temporary folders");
    }
  }

  @Test
  void learnerTrainsTheSameTextsThreeWays() throws IOException {
    int code =
        run(
            new BenchLearnerCommand(print, quiet()),
            "--rows 2 --prompt 40 --new-tokens 4 --steps 1 --precision f32 --all-logits");
    assertEquals(0, code);
    List<String> variants = new ArrayList<>();
    for (JsonNode result : new ObjectMapper().readTree(out.toString()).path("results")) {
      variants.add(result.path("variant").asText());
      assertTrue(result.path("tokens_per_second").path("median").asDouble() > 0);
    }
    assertEquals(List.of("engine f32", "all logits f32", "ndarray f32"), variants);
  }

  @Test
  void weightsArePushed() throws IOException {
    assertEquals(0, run(new BenchWeightsCommand(print), "--pushes 2 --precision bf16"));
    JsonNode result = new ObjectMapper().readTree(out.toString()).path("results").get(0);
    assertEquals(2, result.path("swap_milliseconds").path("values").size());
  }

  @Test
  void weightsArePushedToOtherNodesBesideAPlainCopy() throws IOException {
    assertEquals(0, run(new BenchWeightsCommand(print), "--size 5m --receivers 1,2"));
    List<String> variants = new ArrayList<>();
    for (JsonNode result : new ObjectMapper().readTree(out.toString()).path("results")) {
      variants.add(result.path("variant").asText());
      if (result.path("variant").asText().equals("what one step changed")) {
        // PULSE and the notes of docs/transfer.md: about one in a hundred.
        double changed = result.path("changed_share").path("median").asDouble();
        assertTrue(changed > 0.005 && changed < 0.02, "changed " + changed);
      }
    }
    assertTrue(
        variants.containsAll(
            List.of("plain copy", "1 in a chain", "2 in a chain", "2 from one", "1, SHA-256 too")),
        variants::toString);
  }

  @Test
  void whatCannotBeMeasuredIsRefused() {
    InputError shape =
        assertThrows(InputError.class, () -> BenchModel.prepare("0.7b", Optional.empty(), 0, work));
    assertEquals("--shape 0.7b: expected builtin, 0.5b, 1.5b, 3b, 7b", shape.getMessage());
    try (BenchModel model = BenchModel.prepare("7b", Optional.empty(), 0, work)) {
      assertFalse(model.hasWeights());
      assertEquals(8_292_166_656L, model.parameters());
      InputError memory =
          assertThrows(
              InputError.class, () -> BenchOptions.requireMemory(model, Long.MAX_VALUE - 1));
      assertTrue(String.valueOf(memory.getMessage()).startsWith("7b needs about "));
    }
  }

  /** Counted by hand for the decoder of Qwen2.5-0.5B, whose config says 494,032,768 parameters. */
  @Test
  void theCostOfTheHalfBillionShapeIsThatOfItsPublishedSize() {
    try (BenchModel model = BenchModel.prepare("0.5b", Optional.empty(), 0, work)) {
      NetworkCost cost = new NetworkCost(model.config());
      assertEquals(494_032_768L, cost.decodedValues());
      assertEquals(24 * 2 * 2 * 64, cost.cachedValues());
      assertEquals(
          2.0 * (494_032_768L + 8 * 100 * 6144), cost.bytesPerStep(8, 100, Precision.BF16, 2));
      assertEquals(
          4.0 * 494_032_768L + 2.0 * 8 * 100 * 6144,
          cost.bytesPerStep(8, 100, Precision.BF16, 4),
          "weights in float32 beside a cache in bfloat16");
      double layers = 494_032_768L - 151_936L * 896 - 896 - 24 * (2 * 896 + 896 + 2 * 128);
      double attention = 2.0 * 2 * 24 * 14 * 64 * 256;
      double head = 2.0 * 151_936 * 896;
      assertEquals(8 * (512 * (2 * layers + attention) + head), cost.prefillOperations(8, 512), 1);
    }
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    Samples ours = new Samples(List.of(10.0, 40.0, 6.0));
    Samples theirs = new Samples(List.of(5.0, 10.0, 3.0));
    assertEquals(List.of(2.0, 4.0, 2.0), ours.over(theirs).values());
    assertEquals(10, ours.median());
    assertEquals(7.5, new Samples(List.of(10.0, 5.0)).median());
    assertThrows(IllegalArgumentException.class, () -> ours.over(new Samples(List.of(1.0))));
  }

  @Test
  void theTailIsLong() {
    int[] lengths = RolloutBench.tailLengths(1000, 64);
    int[] sorted = lengths.clone();
    Arrays.sort(sorted);
    assertEquals(16, sorted[0]);
    assertEquals(512, sorted[999]);
    assertTrue(Math.abs(sorted[500] - 32) < 4, "median " + sorted[500]);
    assertArrayEquals(lengths, RolloutBench.tailLengths(1000, 64), "the same each time");
  }

  /** 3 % over the whole time is a leak; 5 % in a single sample is a version under way. */
  @Test
  void aLeakIsFoundAndAPeakIsNot() {
    List<Soak.Sample> leaking = new ArrayList<>();
    List<Soak.Sample> peaking = new ArrayList<>();
    for (int minute = 0; minute <= 100; minute++) {
      leaking.add(sample(minute, 1000 + minute / 2));
      peaking.add(sample(minute, minute == 50 ? 1050 : minute < 5 ? 500 : 1000));
    }
    assertFalse(new Soak.Outcome(leaking, 100).flat());
    assertTrue(new Soak.Outcome(peaking, 100).flat());
    assertEquals(91, new Soak.Outcome(peaking, 100).judged().size());
  }

  private static Soak.Sample sample(int minute, long megabytes) {
    return new Soak.Sample(minute, new ResidentMemory(megabytes << 20, 0, 0));
  }

  @Test
  void numbersAreShownWithTheirUnits() {
    assertEquals("71.3 %", BenchReport.shown("bandwidth_share", 0.7134));
    assertEquals("1,234", BenchReport.shown("tokens_per_second", 1234.4));
    assertEquals("12.3", BenchReport.shown("tokens_per_second", 12.34));
    assertEquals("21.50 GB/s", BenchReport.shown("read_bytes_per_second", 21.5e9));
    assertEquals("384 GFLOP/s", BenchReport.shown("operations_per_second", 384e9));
  }

  private int run(Object command, String options) {
    List<String> arguments = new ArrayList<>(List.of(options.split(" ")));
    arguments.addAll(
        List.of("--rounds", "1", "--threads", "1", "--json", "--work", work.toString()));
    return new CommandLine(command).execute(arguments.toArray(String[]::new));
  }

  private static PrintStream quiet() {
    return new PrintStream(java.io.OutputStream.nullOutputStream());
  }
}
