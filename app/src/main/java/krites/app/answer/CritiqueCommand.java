package krites.app.answer;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import krites.app.ExitCode;
import krites.grpo.ImageRef;
import krites.grpo.Label;
import krites.grpo.Sampling;
import krites.grpo.TokenIds;
import krites.grpo.judge.PairVotes;
import krites.grpo.judge.Votes;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code krites critique}: which of two responses is better, says a model. */
@Command(
    name = "critique",
    description =
        "Has a model judge which of two responses to a question is better, with the prompt that"
            + " critics are trained on.",
    footer = {
      "",
      "The verdict is read from the box as the reward reads it. Several judgements are counted; the"
          + " response that more of them prefer is better, and neither is where they are even.",
      "One judgement is greedy; several are sampled at the temperature of generation_config.json, or"
          + " at 1 where that says greedy.",
      "",
      "Exit code 5 if in no judgement a verdict can be read.",
      "",
      "Examples:",
      "  krites critique --model models/shapes-base --image picture.png --question \"What color is the star?\" \\",
      "      --response-1 red --response-2 blue --both-orders",
      "  krites critique --model DIR --image a.jpg --question-file q.txt --response-1-file a.txt \\",
      "      --response-2-file b.txt --n 5 --json"
    })
public final class CritiqueCommand implements Callable<Integer> {
  private final PrintStream out;
  private final PrintStream err;
  private final InputStream in;

  @Mixin private QuestionOptions question = new QuestionOptions();

  @Option(names = "--response-1", paramLabel = "TEXT", description = "The first response.")
  private @Nullable String first;

  @Option(
      names = "--response-1-file",
      paramLabel = "FILE",
      description = "Reads the first response from a file; - is standard input.")
  private @Nullable String firstFile;

  @Option(names = "--response-2", paramLabel = "TEXT", description = "The second response.")
  private @Nullable String second;

  @Option(
      names = "--response-2-file",
      paramLabel = "FILE",
      description = "Reads the second response from a file; - is standard input.")
  private @Nullable String secondFile;

  @Option(
      names = "--both-orders",
      description = "Judges with the responses exchanged too, and says whether both orders agree.")
  private boolean bothOrders;

  @Option(
      names = "--n",
      paramLabel = "N",
      description = "Judgements to sample, in each order. Default: 1.")
  private int n = 1;

  @Mixin private SamplingOptions options = new SamplingOptions();

  @Mixin private ModelOptions machine = new ModelOptions();

  public CritiqueCommand(PrintStream out, PrintStream err, InputStream in) {
    this.out = out;
    this.err = err;
    this.in = in;
  }

  @Override
  public Integer call() {
    options.of(n, 1); // refuses bad numbers before the model is looked at
    TextSource texts = new TextSource(in);
    String text = question.question(texts);
    Critic.TextPair pair =
        new Critic.TextPair(
            texts.text("--response-1", first, firstFile),
            texts.text("--response-2", second, secondFile));
    List<ImageRef> images = question.images();
    Screen screen = new Screen(out, err, question.json());
    try (StopSignal stop = new StopSignal();
        AnsweringModel model = AnsweringModel.open(question.model(), machine, question.system())) {
      Sampling sampling =
          options.of(n, n == 1 ? 0 : GenerationDefaults.temperature(model.directory()));
      String instruction = question.instruction(model.vocabulary());
      Critic critic = new Critic(model, text, images, instruction, sampling, bothOrders);
      int promptTokens = model.tokens(critic.prompt(pair));
      screen.opened(model, promptTokens);
      int judgements = bothOrders ? 2 * n : n;
      Critic.Judged judged =
          critic
              .judge(List.of(pair), options.seed(), new Show(screen, model, stop, judgements))
              .getFirst();
      PairVotes votes = judged.votes();
      if (question.json()) {
        out.println(
            new Document("critique", model, text, images)
                .put("response_1", pair.first())
                .put("response_2", pair.second())
                .put("prompt_tokens", promptTokens)
                .put("sampling", Document.sampling(sampling, options.seed()))
                .put("judgements", judged.judgements().stream().map(Document::judgement).toList())
                .put("votes", Document.votes(votes))
                .put("consistent", votes.consistent().orElse(null))
                .put("verdict", Document.verdict(votes.verdict()))
                .put("load_seconds", model.loadSeconds())
                .text());
      }
      conclude(screen, votes);
      screen.spent(model, judged.judgements().stream().map(Critic.Judgement::answer).toList());
      return votes.verdict().isPresent() ? ExitCode.OK : ExitCode.NO_VERDICT;
    } catch (Stopped e) {
      return screen.stopped();
    }
  }

  private static void conclude(Screen screen, PairVotes votes) {
    Votes all = votes.all();
    if (all.total() > 1) {
      screen.line(
          "votes: response 1 has "
              + all.first()
              + ", response 2 has "
              + all.second()
              + ", neither "
              + all.ties()
              + ", unread "
              + all.unread());
    }
    votes
        .exchanged()
        .ifPresent(
            exchanged ->
                screen.line(
                    votes.consistent().orElse(false)
                        ? "the two orders agree"
                        : "the two orders do not agree: as given, "
                            + Screen.words(votes.given().verdict())
                            + "; exchanged, "
                            + Screen.words(exchanged.verdict())));
    Optional<Label> verdict = votes.verdict();
    screen.line("verdict: " + Screen.words(verdict));
  }

  /** One judgement as it comes, several when each is done. */
  private static final class Show implements Critic.Audience {
    private final Screen screen;
    private final Screen.Stream stream;
    private final StopSignal stop;
    private final int judgements;
    private int seen;

    Show(Screen screen, AnsweringModel model, StopSignal stop, int judgements) {
      this.screen = screen;
      this.stream = screen.new Stream(model.tokenizer());
      this.stop = stop;
      this.judgements = judgements;
    }

    @Override
    public void onTokens(TokenIds soFar) {
      stream.show(soFar);
    }

    @Override
    public void onJudgement(int pair, int index, Critic.Judgement judgement) {
      if (judgements == 1) {
        stream.end();
        return;
      }
      seen++;
      String order = judgement.exchanged() ? "responses exchanged" : "responses as given";
      screen.titled(
          "judgement "
              + seen
              + " of "
              + judgements
              + ", "
              + order
              + ": "
              + Screen.words(judgement.verdict()),
          judgement.answer());
    }

    @Override
    public boolean stopped() {
      return stop.asked();
    }
  }
}
