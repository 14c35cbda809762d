package krites.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import krites.data.SupervisedSettings.Target;
import krites.data.shapes.SupervisedItem;
import krites.grpo.Task;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SupervisedRowsTest {
  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 0};
  private static final String RESPONSE =
      """
      {"id": "r", "images": ["a.png"], "prompt": "<image>Look. Say.", "response": "<think>x</think>\\\\boxed{2}", "answer": 2}
      {"id": "s", "images": [], "question": "What?", "response": "This."}
      """;
  private static final String OTHERS =
      """
      {"id": "q", "images": [], "question": "How many?", "answer": 3}
      {"id": "p", "images": [], "question": "Who?", "response_1": "Me.", "response_2": "You.", "preference": 2}
      {"id": "t", "images": [], "question": "Who?", "response_1": "Me.", "response_2": "You.", "preference": "tie"}
      """;

  @TempDir private Path folder;

  @Test
  void aResponseIsImitatedAfterItsOwnPromptOrOurs() throws IOException {
    SupervisedRows rows = rows(RESPONSE, Target.ANSWER, true, BadRows.STOP);

    List<SupervisedItem> items = items(rows);
    assertEquals("<image>Look. Say.", items.get(0).prompt().text());
    assertEquals(1, items.get(0).prompt().images().size());
    assertEquals("<think>x</think>\\boxed{2}", items.get(0).response());
    assertEquals("Question: What?\nDo it.", items.get(1).prompt().text());
    assertEquals("This.", items.get(1).response());
  }

  @Test
  void withoutAResponseTheAnswerOrTheVerdictIsImitated() throws IOException {
    List<SupervisedItem> items = items(rows(OTHERS, Target.ANSWER, true, BadRows.STOP));

    assertEquals(List.of("\\boxed{3}", "\\boxed{2}"), responses(items));
    assertEquals(Task.CRITIC, items.get(1).prompt().task());
    assertTrue(items.get(1).prompt().text().contains("The second response: [ You. ]"));
    assertEquals(
        List.of("3", "2"), responses(items(rows(OTHERS, Target.ANSWER, false, BadRows.STOP))));
  }

  @Test
  void thePreferredResponseOfAPairIsImitatedAsAnAnswer() throws IOException {
    SupervisedRows rows = rows(OTHERS, Target.CHOSEN, true, BadRows.STOP);

    List<SupervisedItem> items = items(rows);
    assertEquals(List.of("\\boxed{3}", "You."), responses(items));
    assertEquals("Question: Who?\nDo it.", items.get(1).prompt().text());
    assertEquals(1, rows.counts().nothing(), "a tie prefers nothing");
    assertEquals(3, rows.counts().rows());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"id": "x", "images": [], "question": "q", "prompt": "p", "response": "a"} | line 1: expected either 'question' or 'prompt' beside 'response'
          {"id": "x", "images": [], "question": "q", "response": "a", "preference": 1} | line 1: has both 'response' and fields of a pair, expected one task per line
          {"id": "x", "images": [], "question": "q", "response": 7} | line 1: 'response' is 7, expected a text
          {"id": "x", "images": [], "question": "q", "response": " "} | line 1: 'response' is " ", expected a text that is not blank
          {"id": "x", "images": ["no.png"], "question": "q", "response": "a"} | which is not a file; set data.images
          {"id": "x", "images": [], "prompt": "<image>p", "response": "a"} | line 1: 'problem' has 1 <image> for 0 images, expected one for each or none
          """)
  void aDamagedRowIsNamed(String row, String message) throws IOException {
    Path file = Files.writeString(folder.resolve("rows.jsonl"), row + "\n");

    String said =
        assertThrows(DatasetException.class, () -> read(file, Target.ANSWER, true, BadRows.STOP))
            .getMessage();

    assertTrue(said.endsWith(message), said);
  }

  @Test
  void damagedRowsAreLeftOutAndCountedWhereThatIsWanted() throws IOException {
    SupervisedRows rows =
        rows(
            "{\"id\": 1, \"images\": [], \"response\": \"a\"}\n" + RESPONSE,
            Target.ANSWER,
            true,
            BadRows.SKIP);

    assertEquals(2, rows.size());
    assertEquals(3, rows.counts().rows());
    assertEquals(1, rows.counts().bad().rows());
    assertEquals("This.", rows.item(1).response());
  }

  @Test
  void aFileWithNothingToImitateIsRefused() throws IOException {
    Path file =
        Files.writeString(folder.resolve("rows.jsonl"), OTHERS.lines().toList().getLast() + "\n");

    assertTrue(
        assertThrows(DatasetException.class, () -> read(file, Target.CHOSEN, true, BadRows.STOP))
            .getMessage()
            .contains("holds no example to imitate (1 rows, 1 with nothing to imitate"));
  }

  @Test
  void reinforcementNeedsAnAnswerToGradeBy() throws IOException {
    Files.write(folder.resolve("a.png"), PNG);
    Path file = Files.writeString(folder.resolve("rows.jsonl"), RESPONSE);

    String said =
        assertThrows(
                DatasetException.class,
                () -> PreferenceDataset.read(file, "Do it.", TiePolicy.DROP))
            .getMessage();

    assertTrue(said.contains("line 2: has a 'response' and no 'answer'"), said);
    Path first =
        Files.writeString(folder.resolve("one.jsonl"), RESPONSE.lines().toList().getFirst());
    var prompt = PreferenceDataset.read(first, "Do it.", TiePolicy.DROP).prompt(0);
    assertEquals("<image>Look. Say.", prompt.text());
    assertEquals("2", prompt.answer());
  }

  private SupervisedRows rows(String text, Target target, boolean boxed, BadRows bad)
      throws IOException {
    Files.write(folder.resolve("a.png"), PNG);
    return read(Files.writeString(folder.resolve("rows.jsonl"), text), target, boxed, bad);
  }

  private static SupervisedRows read(Path file, Target target, boolean boxed, BadRows bad) {
    return SupervisedRows.read(
        file.toString(),
        new DatasetSettings(
            PromptSettings.of("Do it.", TiePolicy.DROP), Optional.empty(), Optional.empty(), bad),
        new SupervisedSettings(target, boxed),
        (_, _) -> {});
  }

  private static List<SupervisedItem> items(SupervisedRows rows) {
    return LongStream.range(0, rows.size()).mapToObj(rows::item).toList();
  }

  private static List<String> responses(List<SupervisedItem> items) {
    return items.stream().map(SupervisedItem::response).toList();
  }
}
