package krites.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Task;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PreferenceDatasetTest {
  private static final String PAIR =
      "{\"id\":\"%s\",\"image\":\"pictures/a.png\",\"question\":\"what?\",\"response_1\":\"x\",\"response_2\":\"y\",\"preference\":%s}\n";

  private static final byte[] PICTURE = {(byte) 0x89, 'P', 'N', 'G', 1, 2, 3};

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void makeAPicture() throws IOException {
    Files.createDirectories(folder.resolve("pictures"));
    Files.write(folder.resolve("pictures/a.png"), PICTURE);
    file = folder.resolve("pairs.jsonl");
  }

  @Test
  void pairsAndQuestionsBecomePrompts() throws IOException {
    PreferenceDataset dataset =
        read(
            PAIR.formatted("p", "\"second\"")
                + "\n"
                + "{\"id\":7,\"images\":[\"pictures/a.png\",\"pictures/a.png\"],\"question\":\"how"
                + " many?\",\"answer\":3,\"tags\":{\"source\":\"hand\"},\"other\":null}\n");
    Prompt pair = dataset.prompt(0);
    assertEquals(Task.CRITIC, pair.task());
    assertEquals("2", pair.answer());
    assertEquals(
        "<image>Question: [ what? ] The first response: [ x ] The second response: [ y ] Which response"
            + " is better?\n"
            + "Box it.",
        pair.text());
    Prompt question = dataset.prompt(1);
    assertEquals("7", question.id());
    assertEquals(Task.POLICY, question.task());
    assertEquals("3", question.answer());
    assertEquals("<image><image>Question: how many?\nBox it.", question.text());
    assertEquals("hand", question.tags().get("source"));
    assertEquals(1, dataset.counts().critic());
    assertEquals(1, dataset.counts().policy());
    assertEquals("nothing dropped", dataset.counts().dropped());
    assertArrayEquals(PICTURE, new FileImages().read(pair.images().getFirst()));
  }

  @Test
  void everySpellingOfAPreferenceIsRead() throws IOException {
    String[] spellings = {"1", "\"1\"", "\"First\"", "\"A\"", "2", "\"2\"", "\"SECOND\"", "\"b\""};
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < spellings.length; i++) {
      lines.append(PAIR.formatted("p" + i, spellings[i]));
    }
    PreferenceDataset dataset = read(lines.toString());
    for (int i = 0; i < spellings.length; i++) {
      assertEquals(i < 4 ? "1" : "2", dataset.prompt(i).answer(), spellings[i]);
    }
  }

  @Test
  void tiesAreDroppedAndCountedOrRefused() throws IOException {
    String lines =
        PAIR.formatted("p", "1")
            + PAIR.formatted("q", "\"tie\"")
            + PAIR.formatted("r", "\"equal\"");
    PreferenceDataset dataset = read(lines);
    assertEquals(1, dataset.size());
    assertEquals(2, dataset.counts().ties());
    assertEquals("2 ties dropped", dataset.counts().dropped());
    var trouble =
        assertThrows(
            DatasetException.class,
            () -> PreferenceDataset.read(file, "Box it.", TiePolicy.REFUSE));
    assertEquals(file + ", line 2: is a tie, and ties are refused", trouble.getMessage());
  }

  @Test
  void aMalformedLineIsNamedWithItsNumberAndWhatWasExpected() throws IOException {
    String good = PAIR.formatted("p", "1");
    assertTrouble(good + "\n{\"id\":\n", "line 3: not JSON at column");
    assertTrouble(good + "[1]", "line 2: expected a JSON object");
    assertTrouble(good + "{} {}", "line 2: not JSON");
    assertTrouble(good + good, "line 2: id 'p' stands in line 1 too");
    assertTrouble(
        PAIR.formatted("p", "3"),
        "line 1: 'preference' is 3, expected 1, 2, first, second, A, B or tie");
    assertTrouble(PAIR.formatted("p", "null"), "line 1: lacks 'preference', expected 1, 2");
    assertTrouble(
        PAIR.formatted("p", "1").replace("\"x\"", "5"),
        "line 1: 'response_1' is 5, expected a text");
    assertTrouble(PAIR.formatted("p", "1").replace("what?", " "), "line 1: 'question' is \" \"");
    assertTrouble(
        PAIR.formatted("p", "1").replace("what?", "<image> what?"),
        "line 1: 'question' contains <image>");
    assertTrouble(PAIR.formatted("p", "1").replace("a.png", "b.png"), "line 1: 'image' names ");
    assertTrouble(
        "{\"id\":\"p\",\"question\":\"q\",\"answer\":\"a\"}", "line 1: expected either 'image'");
    assertTrouble(
        "{\"id\":\"p\",\"image\":\"pictures/a.png\",\"question\":\"q\"}", "line 1: has neither");
    assertTrouble(
        PAIR.formatted("p", "1").replace("\"id\":\"p\"", "\"id\":\"p\",\"id\":\"q\""),
        "line 1: not JSON at column");
  }

  @Test
  void aFileWithoutPromptsIsRefused() throws IOException {
    assertTrouble("\n", "holds no prompt");
    assertTrouble(PAIR.formatted("p", "\"tie\""), "holds no prompt (1 ties dropped)");
    Path missing = folder.resolve("missing.jsonl");
    var trouble =
        assertThrows(
            DatasetException.class,
            () -> PreferenceDataset.read(missing, "Box it.", TiePolicy.DROP));
    assertEquals(missing + ": there is no such file", trouble.getMessage());
    Files.write(file, new byte[] {(byte) 0xFF, (byte) 0xFE, '{'});
    assertTrue(
        assertThrows(
                DatasetException.class, () -> PreferenceDataset.read(file, "x", TiePolicy.DROP))
            .getMessage()
            .contains("line 1: is not UTF-8"));
  }

  @Test
  void aMissingImageIsNamedWhenRead() {
    var trouble =
        assertThrows(
            IOException.class, () -> new FileImages().read(new ImageRef("pictures/none.png")));
    assertTrue(trouble.getMessage().contains("none.png"), trouble.getMessage());
  }

  @Test
  void aFileThatIsNoImageIsRefusedWithItsLine() throws IOException {
    Files.writeString(folder.resolve("pictures/a.png"), "not a picture");
    assertTrouble(PAIR.formatted("p", "1"), "a.png, which is no PNG, JPEG, GIF, WebP or BMP");
  }

  @Test
  void imagesMayLieInAnotherFolder() throws IOException {
    Files.writeString(file, PAIR.formatted("p", "1").replace("pictures/", ""));
    PreferenceDataset dataset =
        PreferenceDataset.read(
            file.toString(),
            DatasetSettings.of("Box it.", TiePolicy.DROP).withImages(folder.resolve("pictures")),
            (_, _) -> {});
    assertArrayEquals(PICTURE, new FileImages().read(dataset.prompt(0).images().getFirst()));
  }

  @Test
  void storesAreToldApartByHowANameBegins() throws IOException {
    var images = new RoutedImages(Map.of("drawn:", _ -> new byte[] {7}), new FileImages());
    assertArrayEquals(new byte[] {7}, images.read(new ImageRef("drawn:x")));
    assertArrayEquals(
        PICTURE, images.read(new ImageRef(folder.resolve("pictures/a.png").toString())));
  }

  private void assertTrouble(String content, String expected) throws IOException {
    var trouble = assertThrows(DatasetException.class, () -> read(content));
    assertTrue(trouble.getMessage().startsWith(file.toString()), trouble.getMessage());
    assertTrue(trouble.getMessage().contains(expected), trouble.getMessage());
    assertEquals(1, trouble.getMessage().lines().count());
  }

  private PreferenceDataset read(String content) throws IOException {
    Files.writeString(file, content);
    return PreferenceDataset.read(file, "Box it.", TiePolicy.DROP);
  }
}
