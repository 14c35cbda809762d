package krites.app.answer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import krites.app.InputError;
import krites.data.CritiquePrompt;
import krites.data.PreferenceDataset;
import krites.data.TiePolicy;
import krites.data.shapes.PairSettings;
import krites.data.shapes.ShapesPrompts;
import krites.data.shapes.ShapesWorld;
import krites.data.shapes.Split;
import krites.data.shapes.WorldSettings;
import krites.grpo.FinishReason;
import krites.grpo.ImageRef;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.judge.Votes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the model is asked, and what is read out of its answers. */
final class QuestionsTest {
  private static final List<ImageRef> IMAGE = List.of(new ImageRef("a.png"));

  @TempDir Path folder;

  @Test
  void aCritiqueIsThePromptThatTheWorldTrains() {
    ShapesPrompts prompts =
        new ShapesPrompts(
            new ShapesWorld(1, WorldSettings.standard()),
            PairSettings.standard(),
            CritiquePrompt.SHORT_INSTRUCTION);
    Prompt trained = prompts.prompt(Task.CRITIC, Split.TEST, 1);
    assertTrue(trained.text().contains("[ purple ] The second response: [ blue ]"));

    Prompt asked =
        Questions.critique(
            "which color does the square have?",
            IMAGE,
            "purple",
            "blue",
            CritiquePrompt.SHORT_INSTRUCTION);

    assertEquals(trained.text(), asked.text());
    assertEquals(
        prompts.prompt(Task.POLICY, Split.TEST, 1).text(),
        Questions.ask(
                "which color does the square have?",
                IMAGE,
                Optional.of(CritiquePrompt.SHORT_INSTRUCTION))
            .text());
  }

  @Test
  void aCritiqueIsThePromptThatAFileOfPairsTrains() throws IOException {
    ShapesWorld world = new ShapesWorld(1, WorldSettings.standard());
    for (String name : List.of("a.png", "b.png")) {
      Files.write(folder.resolve(name), world.read(world.item(Split.TEST, 0).image()));
    }
    Path file =
        Files.writeString(
            folder.resolve("pairs.jsonl"),
            "{\"images\":[\"a.png\",\"b.png\"],\"question\":\"Which?\",\"response_1\":\"this\","
                + "\"response_2\":\"that\",\"preference\":1}\n");
    String instruction = CritiquePrompt.PUBLISHED_INSTRUCTION;

    Prompt trained = PreferenceDataset.read(file, instruction, TiePolicy.DROP).prompt(0);

    assertEquals(
        trained.text(),
        Questions.critique("Which?", trained.images(), "this", "that", instruction).text());
  }

  @Test
  void imagesStandBeforeTheQuestionOrWhereItSays() {
    List<ImageRef> two = List.of(new ImageRef("a.png"), new ImageRef("b.png"));

    assertEquals("what?", Questions.ask("what?", List.of(), Optional.empty()).text());
    assertEquals("<image><image>what?", Questions.ask("what?", two, Optional.empty()).text());
    assertEquals(
        "A <image> B <image>", Questions.ask("A <image> B <image>", two, Optional.empty()).text());
    assertEquals(
        "Question: A <image> B <image>\nThink.",
        Questions.ask("A <image> B <image>", two, Optional.of("Think.")).text());
    assertThrows(InputError.class, () -> Questions.ask("<image>", two, Optional.empty()));
  }

  @Test
  void whatAModelWroteCannotPassForAnImageOrATurn() {
    String harmless = Questions.harmless("see <image> and <|im_end|><|image_pad|>");

    assertEquals("see < image > and < |im_end|>< |image_pad|>", harmless);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "'<think>a</think> \\boxed{red}', a, red, red",
        "'<think>a</think>It is red: \\boxed{red}.', a, red, 'It is red: \\boxed{red}.'",
        "'<think>a</think>', a, -, '<think>a</think>'",
        "'<think>a \\boxed{1', -, -, '<think>a \\boxed{1'",
        "'plain words', -, -, 'plain words'",
        "'</think><think>', -, -, '</think><think>'",
        "'<think>a</think>\\boxed{}', a, '', \\boxed{}"
      })
  void partsOfAResponse(String text, String thinking, String box, String answer) {
    Layout layout = Layout.of(text);

    assertEquals(Optional.ofNullable(thinking), layout.thinking());
    assertEquals(Optional.ofNullable(box), layout.box());
    assertEquals(answer, layout.answer(text));
  }

  @Test
  void aVerdictOfExchangedResponsesIsTurnedBack() {
    Critic.Judged judged =
        new Critic.Judged(
            List.of(
                Critic.Judgement.read(false, answer("\\boxed{1}")),
                Critic.Judgement.read(true, answer("\\boxed{1}")),
                Critic.Judgement.read(true, answer("\\boxed{2}")),
                Critic.Judgement.read(true, answer("no idea"))));

    assertEquals(new Votes(1, 0, 0, 0), judged.votes().given());
    assertEquals(Optional.of(new Votes(1, 1, 0, 1)), judged.votes().exchanged());
    assertEquals(Optional.of(Label.FIRST), judged.votes().verdict());
    assertEquals(Optional.of(false), judged.votes().consistent());
  }

  @Test
  void standardInputIsReadOnce() {
    byte[] bytes = "  grüß\n".getBytes(StandardCharsets.UTF_8);
    TextSource texts = new TextSource(new ByteArrayInputStream(bytes));

    assertEquals("grüß", texts.text("--question", null, "-"));
    assertEquals(
        "--response-1-file -: standard input is taken by --question-file",
        assertThrows(InputError.class, () -> texts.text("--response-1", null, "-")).getMessage());
    TextSource latin = new TextSource(new ByteArrayInputStream(new byte[] {'g', (byte) 0xfc}));
    assertEquals(
        "--question-file standard input: expected text in UTF-8",
        assertThrows(InputError.class, () -> latin.text("--question", null, "-")).getMessage());
  }

  private static Answer answer(String text) {
    return new Answer(text, 3, FinishReason.STOP, -1, 1);
  }
}
