package krites.app.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import krites.app.InputError;
import krites.eval.critic.CriticProtocol;
import krites.eval.critic.JudgeWording;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How pairs are put to a critic. */
public final class CriticOptions {
  @Option(
      names = "--protocol",
      paramLabel = "greedy|official",
      description =
          "Critic benchmarks: one greedy judgement in an order that a coin draws, as"
              + " LLaVA-Critic-R1; or VL-RewardBench's ten votes at temperature 0.2, in which an unread"
              + " verdict leaves the denominator. Default: greedy.")
  private Protocol protocol = Protocol.GREEDY;

  @Option(
      names = "--votes",
      paramLabel = "K",
      description = "Judgements of a pair, sampled. Default: what the protocol says.")
  private int votes;

  @Option(
      names = "--judge-temperature",
      paramLabel = "T",
      description = "Temperature of the judgements. Default: what the protocol says.")
  private @Nullable Float temperature;

  @Option(
      names = "--one-order",
      description =
          "Judges each pair in one order alone: half the work, and no position consistency.")
  private boolean oneOrder;

  @Option(
      names = "--unread",
      paramLabel = "wrong|drop",
      description =
          "A pair without a verdict is wrong, or leaves the denominator. Default: what the protocol"
              + " says.")
  private CriticProtocol.@Nullable Unread unread;

  @Option(
      names = "--wording",
      paramLabel = "trained|judge|FILE",
      description =
          "How a pair is put: as in training; to a judge who weighs four points; or a file with"
              + " {q}, {a}, {b} or {question}, {answer_a}, {answer_b}. Default: judge, and trained for"
              + " models of the built-in world and --bench pairs.")
  private @Nullable String wording;

  private enum Protocol {
    GREEDY,
    OFFICIAL
  }

  /**
   * The protocol.
   *
   * @throws InputError if the numbers make no sense together
   */
  CriticProtocol protocol() {
    CriticProtocol named =
        switch (protocol) {
          case GREEDY -> CriticProtocol.greedy();
          case OFFICIAL -> CriticProtocol.official();
        };
    return InputError.guard(
        () ->
            new CriticProtocol(
                votes == 0 ? named.votes() : votes,
                temperature == null ? named.temperature() : temperature,
                named.topP(),
                named.bothOrders() && !oneOrder,
                Optional.ofNullable(unread).orElse(named.unread())));
  }

  /**
   * The wording.
   *
   * @param trained whether that of training is the default
   * @throws InputError if a file cannot be read or lacks a field
   */
  JudgeWording wording(boolean trained) {
    return wording(wording == null ? (trained ? "trained" : "judge") : wording);
  }

  /**
   * The wording of a name.
   *
   * @param chosen {@code trained}, {@code judge}, or a file
   * @throws InputError if a file cannot be read or lacks a field
   */
  static JudgeWording wording(String chosen) {
    return switch (chosen) {
      case "trained" -> JudgeWording.TRAINED;
      case "judge" -> JudgeWording.JUDGE;
      default -> file(Path.of(chosen));
    };
  }

  private static JudgeWording file(Path file) {
    try {
      String text = Files.readString(file);
      return InputError.guard(
          () ->
              new JudgeWording(file.getFileName() + " " + Fingerprint.of(text), Optional.of(text)));
    } catch (IOException e) {
      throw new InputError("--wording " + file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
