package krites.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged data sets. The number of rounds is {@code -Dkrites.fuzz.rounds=N}. */
class PreferenceDatasetFuzzTest {
  private static final int ROUNDS = Integer.getInteger("krites.fuzz.rounds", 1500);

  /** Seeds in a row give nearly the same first draws. */
  private static final long SCRAMBLE = 0x9E3779B97F4A7C15L;

  private static final List<String> SPICES =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "\\",
          "null",
          "-1",
          "1e999",
          "true",
          "\\ud800",
          "\u0000",
          "\uFEFF",
          "[[[[[[[[",
          "\n",
          "\r",
          "<image>",
          "../",
          "\"id\": 7,",
          "tie",
          "first");
  private static final String ROWS =
      """
      {"id": "a", "image": "p.png", "question": "Which?", "response_1": "x", "response_2": "y", \
      "preference": 1, "tags": {"k": "v"}}
      {"id": 2, "images": ["p.png", "p.png"], "question": "Which?", "response_1": "x", \
      "response_2": "y", "preference": "tie"}
      {"images": [], "question": "How many?", "answer": 3}
      """;

  @TempDir Path folder;

  @Test
  void aDamagedFileIsReadOrRefusedInOneLine() throws IOException {
    Files.write(folder.resolve("p.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G'});
    Path file = folder.resolve("rows.jsonl");
    Map<String, Integer> outcomes = new TreeMap<>();
    for (int seed = 0; seed < ROUNDS; seed++) {
      Files.write(file, mutated(ROWS.getBytes(UTF_8), new Random(seed * SCRAMBLE)));
      outcomes.merge(outcome(file, seed), 1, Integer::sum);
    }
    System.out.println("fuzzed rows, " + ROUNDS + " rounds: " + outcomes);
    assertEquals(2, outcomes.size(), outcomes.toString());
  }

  @Test
  void aLineWithoutEndIsRefusedBeforeItFillsTheMemory() throws IOException {
    Path file = folder.resolve("long.jsonl");
    Files.writeString(
        file, ROWS.lines().toList().get(2) + "\r\n{\"id\": \"" + "x".repeat(17 << 20));
    DatasetException e =
        assertThrows(
            DatasetException.class, () -> PreferenceDataset.read(file, "Say.", TiePolicy.DROP));
    assertEquals(
        file
            + ", line 2: is longer than 16777216 bytes (mend the row, or leave it out with"
            + " data.on-bad-row = skip)",
        e.getMessage());
  }

  private static String outcome(Path file, int seed) {
    try {
      PreferenceDataset.read(file, "Say which.", TiePolicy.DROP);
      return "read";
    } catch (DatasetException e) {
      String said = e.getMessage();
      assertEquals(1, said.lines().count(), () -> "seed " + seed + ": " + said);
      assertTrue(said.startsWith(file.toString()), () -> "seed " + seed + ": " + said);
      return "refused";
    } catch (RuntimeException e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  private byte[] mutated(byte[] original, Random random) {
    byte[] bytes = original.clone();
    int changes = random.nextInt(1, 4);
    for (int i = 0; i < changes; i++) {
      bytes = changed(bytes, random);
    }
    return bytes;
  }

  private static byte[] changed(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length + 1);
    int to = Math.min(bytes.length, at + 1 + random.nextInt(1 << random.nextInt(8)));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, at);
    switch (random.nextInt(6)) {
      case 0 -> {} // cut out
      case 1 -> out.writeBytes(SPICES.get(random.nextInt(SPICES.size())).getBytes(UTF_8));
      case 2 -> { // one bit
        if (at < bytes.length) {
          out.write(bytes[at] ^ 1 << random.nextInt(8));
          to = at + 1;
        }
      }
      case 3 -> { // twice
        out.write(bytes, at, to - at);
        to = at;
      }
      case 4 -> { // noise
        byte[] noise = new byte[to - at];
        random.nextBytes(noise);
        out.writeBytes(noise);
      }
      default -> to = bytes.length; // cut off
    }
    out.write(bytes, to, bytes.length - to);
    return out.toByteArray();
  }
}
