package krites.model.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import krites.model.safetensors.CheckpointException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged files of texts: each is read as something that works, or refused in one line that names
 * the file. The number of rounds is {@code -Dkrites.fuzz.rounds=N}.
 */
class TokenizerFuzzTest {
  private static final int ROUNDS = Integer.getInteger("krites.fuzz.rounds", 300);
  private static final List<String> TEXTS =
      List.of(
          "tokenizer_config.json",
          "chat_template.jinja",
          "chat_template.json",
          "generation_config.json");

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
          "4294967296",
          "1e999",
          "true",
          "\\ud800",
          "\u0000",
          "\uFEFF",
          "[[[[[[[[",
          "{% for i in range(99999) %}",
          "{% endfor %}",
          "{{ x }}",
          "{{ messages|tojson }}",
          "\"id\": 7,",
          " ",
          "\n",
          "\u0120",
          "a b\n");

  @TempDir Path folder;

  @Test
  void aDamagedFileIsReadOrRefusedInOneLine() throws IOException {
    Path whole = Files.createDirectory(folder.resolve("whole"));
    Path parts = Files.createDirectory(folder.resolve("parts"));
    TinyTokenizer.write(whole);
    TinyTokenizer.writeParts(parts);
    for (Path directory : List.of(whole, parts)) {
      Files.copy(parts.resolve("tokenizer_config.json"), directory.resolve("t"));
      Files.move(
          directory.resolve("t"),
          directory.resolve("tokenizer_config.json"),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      Files.copy(
          GoldenTexts.QWEN.resolve("chat_template.json"), directory.resolve("chat_template.json"));
      Files.writeString(
          directory.resolve("chat_template.jinja"),
          new com.fasterxml.jackson.databind.ObjectMapper()
              .readTree(directory.resolve("chat_template.json").toFile())
              .get("chat_template")
              .textValue());
      Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [262]}");
    }
    Map<String, Integer> outcomes = new TreeMap<>();
    Map<Path, byte[]> originals = new HashMap<>();
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed * SCRAMBLE);
      Path directory = random.nextBoolean() ? whole : parts;
      Path file = directory.resolve(victim(directory == whole, random));
      byte[] original = originals.computeIfAbsent(file, TokenizerFuzzTest::read);
      Files.write(file, mutated(original, random));
      // The file of lower rank is looked at only where the higher is not there.
      Path plain = directory.resolve("chat_template.jinja");
      byte[] template = originals.computeIfAbsent(plain, TokenizerFuzzTest::read);
      if (!file.equals(plain) && random.nextBoolean()) {
        Files.delete(plain);
      }
      outcomes.merge(file.getFileName() + " " + outcome(directory, seed), 1, Integer::sum);
      Files.write(file, original);
      Files.write(plain, file.equals(plain) ? original : template);
    }
    System.out.println("fuzzed texts, " + ROUNDS + " rounds: " + outcomes);
    assertTrue(outcomes.keySet().stream().anyMatch(outcome -> outcome.endsWith("read")));
    assertTrue(outcomes.keySet().stream().anyMatch(outcome -> outcome.endsWith("refused")));
  }

  private static String victim(boolean whole, Random random) {
    int draw = random.nextInt(8);
    if (draw < 4) {
      return TEXTS.get(draw);
    }
    return whole ? "tokenizer.json" : draw < 6 ? "vocab.json" : "merges.txt";
  }

  private static String outcome(Path directory, int seed) {
    try {
      StopTokens.load(directory);
      ChatTemplate template = ChatTemplate.load(directory);
      try (Tokenizer tokenizer = Tokenizer.load(directory)) {
        int[] ids = tokenizer.encode("hello he\u0301llo <|im_end|> 1 \ud83d\ude0a" + seed);
        StreamingDecoder streaming = tokenizer.streaming(true);
        assertEquals(
            tokenizer.decode(ids, true),
            streaming.next(ids) + streaming.finish(),
            () -> "seed " + seed);
      }
      template.text(List.of(ChatMessage.text("user", "x")), true, true);
      return "read";
    } catch (CheckpointException e) {
      String said = e.getMessage();
      assertEquals(1, said.lines().count(), () -> "seed " + seed + ": " + said);
      assertTrue(said.contains(directory.toString()), () -> "seed " + seed + ": " + said);
      assertTrue(said.length() < 600, () -> "seed " + seed + ": " + said);
      return "refused";
    } catch (RuntimeException e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
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
