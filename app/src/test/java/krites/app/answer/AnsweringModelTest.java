package krites.app.answer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import krites.app.ModelFolder;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.TokenIds;
import krites.model.tokenizer.StreamingDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Between the command line and the engine, on the shipped model. */
final class AnsweringModelTest {
  private static final Path MODEL = Path.of("..").resolve(ModelFolder.SHIPPED);

  @TempDir Path folder;

  @Test
  void aSingleAnswerComesTokenByTokenAndIsWhole() {
    try (AnsweringModel model = open()) {
      Watched watch = new Watched(Integer.MAX_VALUE);
      Answer answer = model.answer(prompts(1), Sampling.greedy(9), 1, watch).getFirst().getFirst();

      assertEquals(answer.tokens(), watch.lengths.getLast());
      for (int i = 1; i < watch.lengths.size(); i++) {
        assertTrue(watch.lengths.get(i) - watch.lengths.get(i - 1) <= 1, watch.lengths.toString());
      }
      StreamingDecoder decoder = model.tokenizer().streaming(true);
      assertEquals(answer.text(), decoder.next(watch.last.toArray()) + decoder.finish());
      assertEquals(List.of("0/0"), watch.answers);
    }
  }

  @Test
  void aStopIsHeardBetweenTwoStepsAndTheModelCanBeAskedAgain() {
    try (AnsweringModel model = open()) {
      Sampling sampling = new Sampling(3, 1f, 1f, 0, 1f, 30);
      assertThrows(Stopped.class, () -> model.answer(prompts(2), sampling, 1, new Watched(2)));

      List<List<Answer>> answers = model.answer(prompts(2), sampling, 1, Watch.NOBODY);
      assertEquals(2, answers.size());
      assertTrue(answers.stream().allMatch(of -> of.size() == 3));
    }
  }

  /** 40 prompts of some 900 tokens fill several lots; each prompt's answer is that of its own. */
  @Test
  void manyLongPromptsAreReadInLots() {
    String padding = "is there a red square? ".repeat(100);
    List<Prompt> prompts = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      prompts.add(
          Questions.ask(padding + "what shape is red?".repeat(i % 3), List.of(), Optional.empty()));
    }
    try (AnsweringModel model = open()) {
      assertTrue(model.tokens(prompts.getFirst()) * prompts.size() > 16_384);
      Watched watch = new Watched(Integer.MAX_VALUE);
      List<List<Answer>> answers = model.answer(prompts, Sampling.greedy(2), 1, watch);

      assertEquals(30, answers.size());
      assertEquals(30, new TreeSet<>(watch.answers).size());
      for (int i = 3; i < 30; i++) {
        assertEquals(
            answers.get(i - 3).getFirst().text(), answers.get(i).getFirst().text(), "prompt " + i);
      }
    }
  }

  @Test
  void anAnswerEndsWhereThePositionsEnd() {
    try (AnsweringModel model = open()) {
      Prompt shorter = Questions.ask("yes ".repeat(4060), List.of(), Optional.empty());
      int room = 4096 - model.tokens(shorter);
      assertTrue(room > 0 && room < 30, "room " + room);
      Sampling sampling = new Sampling(1, 50f, 1f, 0, 1f, 100); // hardly ever stops by itself
      Answer answer =
          model.answer(List.of(shorter), sampling, 1, Watch.NOBODY).getFirst().getFirst();
      assertEquals(room, answer.tokens());

      Prompt prompt = Questions.ask("yes ".repeat(4500), List.of(), Optional.empty());
      String message =
          assertThrows(krites.app.InputError.class, () -> model.tokens(prompt)).getMessage();
      assertTrue(message.contains("is made for 4096"), message);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'[10, 10, 10]', 0, 3",
    "'[10, 10, 10]', 2, 3",
    "'[16384, 1]', 0, 1",
    "'[20000, 20000]', 0, 1",
    "'[1, 16384]', 0, 1",
    "'[8192, 8192, 1]', 0, 2"
  })
  void aLotEndsBeforeItsPaddedTokensAreTooMany(String lengths, int from, int end) {
    List<Integer> numbers =
        List.of(lengths.replaceAll("[\\[\\] ]", "").split(",")).stream()
            .map(Integer::valueOf)
            .toList();
    assertEquals(end, AnsweringModel.lotEnd(numbers, from));
  }

  @ParameterizedTest
  @CsvSource({
    "'{\"temperature\": 0.7}', 0.7",
    "'{\"temperature\": 0.000001, \"do_sample\": true}', 1",
    "'{\"temperature\": 0.7, \"do_sample\": false}', 1",
    "'{}', 1",
    ", 1"
  })
  void aTemperatureThatMeansGreedyIsNotThatOfSeveralAnswers(String json, double expected)
      throws Exception {
    if (json != null) {
      Files.writeString(folder.resolve("generation_config.json"), json);
    }
    assertEquals(expected, GenerationDefaults.temperature(folder));
  }

  private static AnsweringModel open() {
    ModelOptions options = new ModelOptions();
    new CommandLine(options).parseArgs("--threads", "1");
    return AnsweringModel.open(MODEL, options, Optional.empty());
  }

  private static List<Prompt> prompts(int count) {
    List<Prompt> prompts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      prompts.add(Questions.ask("what shape is red?", List.of(), Optional.empty()));
    }
    return prompts;
  }

  private static final class Watched implements Watch {
    final List<Integer> lengths = new ArrayList<>();
    final List<String> answers = new ArrayList<>();
    private final int looks;
    private int asked;
    TokenIds last = TokenIds.of();

    Watched(int looks) {
      this.looks = looks;
    }

    @Override
    public void onTokens(TokenIds soFar) {
      lengths.add(soFar.length());
      last = soFar;
    }

    @Override
    public void onAnswer(int prompt, int index, Answer answer) {
      answers.add(prompt + "/" + index);
    }

    @Override
    public boolean stopped() {
      return asked++ >= looks;
    }
  }
}
