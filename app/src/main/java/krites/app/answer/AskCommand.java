package krites.app.answer;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import krites.grpo.TokenIds;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites ask}: a question to a model, about images or without any. */
@Command(
    name = "ask",
    description =
        "Asks a model a question, about images or without any. The answer is shown as it comes;"
            + " several (--n) are shown as each is done.",
    footer = {
      "",
      "One answer is greedy; several are sampled at the temperature of generation_config.json, or at 1"
          + " where that says greedy.",
      "",
      "Examples:",
      "  krites ask --model models/shapes-base --image picture.png --question \"What color is the star?\" --think",
      "  krites ask --model DIR --image a.jpg --image b.jpg --question \"What differs?\" --n 4 --json"
    })
public final class AskCommand implements Callable<Integer> {
  private final PrintStream out;
  private final PrintStream err;
  private final InputStream in;

  @Mixin private QuestionOptions question = new QuestionOptions();

  @Option(
      names = "--think",
      description = "Asks for thinking in <think> and the answer in \\boxed{}; see --instruction.")
  private boolean think;

  @Option(names = "--n", paramLabel = "N", description = "Answers to sample. Default: 1.")
  private int n = 1;

  @Mixin private SamplingOptions options = new SamplingOptions();

  @Mixin private ModelOptions machine = new ModelOptions();

  public AskCommand(PrintStream out, PrintStream err, InputStream in) {
    this.out = out;
    this.err = err;
    this.in = in;
  }

  @Override
  public Integer call() {
    options.of(n, 1); // refuses bad numbers before the model is looked at
    String text = question.question(new TextSource(in));
    List<ImageRef> images = question.images();
    Screen screen = new Screen(out, err, question.json());
    try (StopSignal stop = new StopSignal();
        AnsweringModel model = AnsweringModel.open(question.model(), machine, question.system())) {
      Sampling sampling =
          options.of(n, n == 1 ? 0 : GenerationDefaults.temperature(model.directory()));
      Optional<String> instruction =
          think ? Optional.of(question.instruction(model.vocabulary())) : Optional.empty();
      Prompt prompt = Questions.ask(text, images, instruction);
      int promptTokens = model.tokens(prompt);
      screen.opened(model, promptTokens);
      List<Answer> answers =
          model
              .answer(List.of(prompt), sampling, options.seed(), new Show(screen, model, stop, n))
              .getFirst();
      if (question.json()) {
        out.println(
            new Document("ask", model, text, images)
                .put("think", think)
                .put("prompt_tokens", promptTokens)
                .put("sampling", Document.sampling(sampling, options.seed()))
                .put("responses", answers.stream().map(Document::answer).toList())
                .put("load_seconds", model.loadSeconds())
                .text());
      }
      screen.spent(model, answers);
      return ExitCode.OK;
    } catch (Stopped e) {
      return screen.stopped();
    }
  }

  /** One answer as it comes, several when each is done. */
  private static final class Show implements Watch {
    private final Screen screen;
    private final Screen.Stream stream;
    private final StopSignal stop;
    private final int answers;

    Show(Screen screen, AnsweringModel model, StopSignal stop, int answers) {
      this.screen = screen;
      this.stream = screen.new Stream(model.tokenizer());
      this.stop = stop;
      this.answers = answers;
    }

    @Override
    public void onTokens(TokenIds soFar) {
      stream.show(soFar);
    }

    @Override
    public void onAnswer(int prompt, int index, Answer answer) {
      if (answers == 1) {
        stream.end();
      } else {
        screen.titled("response " + (index + 1) + " of " + answers, answer);
      }
    }

    @Override
    public boolean stopped() {
      return stop.asked();
    }
  }
}
