package krites.app.answer;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Sampling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites best-of-n}: a model answers n times and chooses among its answers itself. */
@Command(
    name = "best-of-n",
    description =
        "Samples n answers and finds the best by a pairwise knockout, which the model judges itself"
            + " (self-critic of LLaVA-Critic-R1), or another model (--judge).",
    footer = {
      "",
      "n - 1 judgements of pairs in ceil(log2 n) rounds, greedy; all pairs of a round are judged"
          + " together. Where a number is odd, one of those with the fewest byes goes on unjudged."
          + " Where the judge prefers neither, or no verdict can be read, a coin decides. Order, sides,"
          + " byes and coins come from --seed.",
      "The judge is shown the answer without its thinking, and out of its box where that is all.",
      "",
      "Examples:",
      "  krites best-of-n --model models/shapes-base --image picture.png --question \"What color is the star?\" --n 8",
      "  krites best-of-n --model DIR --judge CRITIC_DIR --image a.jpg --question-file q.txt --n 16 --both-orders --json"
    })
public final class BestOfNCommand implements Callable<Integer> {
  /** The published temperature of the candidates. */
  private static final double TEMPERATURE = 0.9;

  private final PrintStream out;
  private final PrintStream err;
  private final InputStream in;

  @Mixin private QuestionOptions question = new QuestionOptions();

  @Option(
      names = "--n",
      paramLabel = "N",
      required = true,
      description =
          "Answers to choose from. They are sampled at 0.9 unless --temperature is given.")
  private int n;

  @Option(
      names = "--no-think",
      description = "Asks for plain answers, without the line that --instruction names.")
  private boolean plain;

  @Option(
      names = "--judge",
      paramLabel = "DIR",
      description = "A model that judges instead. The first one leaves the memory before it comes.")
  private @Nullable Path judge;

  @Option(
      names = "--both-orders",
      description =
          "Judges each pair with its answers exchanged too; where the orders differ, a"
              + " coin decides.")
  private boolean bothOrders;

  @Mixin private SamplingOptions options = new SamplingOptions();

  @Mixin private ModelOptions machine = new ModelOptions();

  public BestOfNCommand(PrintStream out, PrintStream err, InputStream in) {
    this.out = out;
    this.err = err;
    this.in = in;
  }

  @Override
  public Integer call() {
    Sampling sampling = options.of(n, TEMPERATURE);
    String text = question.question(new TextSource(in));
    Questions.requireNoPlaceholder("the question", text);
    List<ImageRef> images = question.images();
    Screen screen = new Screen(out, err, question.json());
    try (StopSignal stop = new StopSignal();
        AnsweringModel model = AnsweringModel.open(question.model(), machine, question.system());
        AnsweringModel other = judge == null ? null : judgeAt(judge)) {
      Optional<String> instruction =
          plain ? Optional.empty() : Optional.of(question.instruction(model.vocabulary()));
      Prompt prompt = Questions.ask(text, images, instruction);
      int promptTokens = model.tokens(prompt);
      screen.opened(model, promptTokens);
      List<Answer> candidates =
          model
              .answer(List.of(prompt), sampling, options.seed(), new Candidates(screen, stop, n))
              .getFirst();
      screen.spent(model, candidates);
      if (other != null) {
        model.unload();
      }
      AnsweringModel judging = other == null ? model : other;
      Critic critic =
          new Critic(
              judging,
              text,
              images,
              question.instruction(judging.vocabulary()),
              Sampling.greedy(sampling.maxNewTokens()),
              bothOrders);
      Contest contest = new Contest(candidates, critic, options.seed(), screen, stop);
      List<Contest.PlayedRound> rounds = contest.play();
      Answer winner = candidates.get(contest.winner());
      screen.line("== winner: candidate " + (contest.winner() + 1) + " ==");
      screen.line(winner.text());
      screen.spent(judging, contest.judgements());
      if (question.json()) {
        out.println(
            new Document("best-of-n", model, text, images)
                .put("judge", judging.directory().toString())
                .put("think", !plain)
                .put("prompt_tokens", promptTokens)
                .put("sampling", Document.sampling(sampling, options.seed()))
                .put("candidates", candidates.stream().map(Document::answer).toList())
                .put("rounds", rounds.stream().map(Document::round).toList())
                .put("winner", contest.winner() + 1)
                .put("answer", winner.text())
                .put("comparisons", n - 1)
                .put("judge_calls", contest.judgements().size())
                .put("judge_tokens", contest.judgements().stream().mapToInt(Answer::tokens).sum())
                .put("load_seconds", model.loadSeconds())
                .text());
      }
      return ExitCode.OK;
    } catch (Stopped e) {
      return screen.stopped();
    }
  }

  private AnsweringModel judgeAt(Path directory) {
    return AnsweringModel.open(directory, machine, question.system());
  }

  /** Shows candidates when each is done. */
  private record Candidates(Screen screen, StopSignal stop, int n) implements Watch {
    @Override
    public void onAnswer(int prompt, int index, Answer answer) {
      screen.titled("candidate " + (index + 1) + " of " + n, answer);
    }

    @Override
    public boolean stopped() {
      return stop.asked();
    }
  }
}
