package krites.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StreamingDecoderTest {
  private static Tokenizer tokenizer;

  @BeforeAll
  static void load() {
    tokenizer = Tokenizer.load(GoldenTexts.QWEN);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void whatIsSaidSoFarIsWhatTheReferenceDecodesOfThePrefix() throws IOException {
    List<JsonNode> rows = GoldenTexts.rows("tokenizer-golden", "prefix_decode.jsonl");
    assertFalse(rows.isEmpty());
    for (JsonNode row : rows) {
      int[] ids = GoldenTexts.ids(row.get("ids"));
      for (int length = 1; length <= ids.length; length++) {
        StreamingDecoder decoder = tokenizer.streaming(false);
        String whole = decoder.next(Arrays.copyOf(ids, length));
        assertEquals(
            row.get("decoded_prefixes").get(length - 1).textValue(), whole + decoder.finish());
      }
    }
  }

  @Test
  void nothingIsSaidOfACharacterUntilItIsWhole() {
    int[] ids = tokenizer.encode("a 😊b");
    StreamingDecoder decoder = tokenizer.streaming(false);
    List<String> pieces = Arrays.stream(ids).mapToObj(decoder::next).toList();
    assertEquals(List.of("a", " ", "😊", "b"), pieces, Arrays.toString(ids));
    assertEquals("", decoder.finish());
  }

  /** Random ids make every kind of broken character, and meet special and unknown ids. */
  @Test
  void thePiecesTogetherAreTheTextOfAllIds() {
    for (int seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      int[] ids =
          random.ints(random.nextInt(1, 40), 0, 1000).map(draw -> id(random, draw)).toArray();
      boolean skipSpecial = random.nextBoolean();
      StreamingDecoder decoder = tokenizer.streaming(skipSpecial);
      StringBuilder text = new StringBuilder();
      for (int id : ids) {
        text.append(decoder.next(id));
      }
      text.append(decoder.finish());
      assertEquals(
          tokenizer.decode(ids, skipSpecial),
          text.toString(),
          "seed " + seed + " " + Arrays.toString(ids));
    }
  }

  private static int id(Random random, int draw) {
    if (draw < 600) {
      return random.nextInt(256); // single bytes, which rarely fit together
    }
    int range = draw < 900 ? 151_665 : 30;
    return draw < 900 ? random.nextInt(range) : 151_643 + random.nextInt(range);
  }

  @Test
  void aDecoderBeginsAnewAfterItsEnd() {
    StreamingDecoder decoder = tokenizer.streaming(true);
    int firstByte = tokenizer.idOf(Character.toString(ByteLetters.letterOf(0xF0))).orElseThrow();
    assertEquals("", decoder.next(firstByte));
    assertEquals("\uFFFD", decoder.finish());
    assertEquals("", decoder.finish());
    assertEquals("a", decoder.next(tokenizer.encode("<|im_end|>a<|im_end|>")));
    assertEquals("", decoder.finish());
  }
}
