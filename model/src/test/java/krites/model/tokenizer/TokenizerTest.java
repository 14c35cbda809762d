package krites.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Random;
import krites.model.safetensors.CheckpointException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  private static final int END = TinyTokenizer.FIRST_ADDED + 2;

  @TempDir Path directory;
  private Tokenizer tokenizer;

  @BeforeEach
  void load() throws IOException {
    TinyTokenizer.write(directory);
    tokenizer = Tokenizer.load(directory);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void mergesAreAppliedAndBytesStandForTheRest() {
    assertArrayEquals(new int[] {TinyTokenizer.HELLO, ' ', 'h', 'i'}, tokenizer.encode("hello hi"));
    assertArrayEquals(
        new int[] {0xC3, 0xA9}, tokenizer.encode("e\u0301"), "normalised to one letter, two bytes");
    assertArrayEquals(new int[0], tokenizer.encode(""));
  }

  @Test
  void addedTokensAreRecognisedAndNoneIsAdded() {
    assertArrayEquals(new int[] {'a', END, 'b'}, tokenizer.encode("a<|im_end|>b"));
    assertEquals("a<|im_end|>b", tokenizer.decode(new int[] {'a', END, 'b'}, false));
    assertEquals("ab", tokenizer.decode(new int[] {'a', END, 'b'}, true));
  }

  @Test
  void longTextIsNeitherCutNorPadded() {
    assertEquals(20_000, tokenizer.encode("a1".repeat(10_000)).length);
  }

  @Test
  void anyTextComesBackFromItsIds() {
    int[] letters = "hello, wörld 1 + 2 = 3?\n\t 中文 ปี Ω 🦙🇩🇪'".codePoints().toArray();
    for (int seed = 0; seed < 200; seed++) {
      StringBuilder text = new StringBuilder();
      new Random(seed).ints(30, 0, letters.length).forEach(i -> text.appendCodePoint(letters[i]));
      assertEquals(
          text.toString(),
          tokenizer.decode(tokenizer.encode(text.toString()), false),
          "seed " + seed);
    }
  }

  @Test
  void unfinishedCharactersAndUnknownIdsAreNoErrors() {
    byte[] smile = "😊".getBytes(StandardCharsets.UTF_8);
    int[] firstBytes = {'a', smile[0] & 0xFF, smile[1] & 0xFF};
    assertEquals("a\uFFFD", tokenizer.decode(firstBytes, false));
    assertEquals("a", tokenizer.decode(new int[] {'a', 5000, -1, Integer.MAX_VALUE}, false));
    assertEquals("", tokenizer.decode(new int[] {5000}, true));
    assertEquals("", tokenizer.decode(new int[0], true));
  }

  @Test
  void halfASurrogatePairIsReplaced() {
    assertArrayEquals(tokenizer.encode("a\uFFFDb"), tokenizer.encode("a\uD83Db"));
    assertArrayEquals(tokenizer.encode("\uFFFD"), tokenizer.encode("\uDE00"));
  }

  @Test
  void tokensAndIdsAreLookedUp() {
    assertEquals(OptionalInt.of(END), tokenizer.idOf("<|im_end|>"));
    assertEquals(OptionalInt.of(' '), tokenizer.idOf("\u0120"));
    assertEquals(OptionalInt.empty(), tokenizer.idOf("absent"));
    assertEquals("hello", tokenizer.tokenOf(TinyTokenizer.HELLO));
    assertEquals("", tokenizer.tokenOf(5000));
    assertEquals(TinyTokenizer.FIRST_ADDED + TinyTokenizer.ADDED.size(), tokenizer.size());
    assertThrows(CheckpointException.class, () -> tokenizer.requireId("absent"));
  }
}
