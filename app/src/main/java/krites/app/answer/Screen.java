package krites.app.answer;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import krites.app.ExitCode;
import krites.grpo.FinishReason;
import krites.grpo.Label;
import krites.grpo.TokenIds;
import krites.model.tokenizer.StreamingDecoder;
import krites.model.tokenizer.Tokenizer;

/**
 * What a person sees: answers on standard output, notes on standard error; a single answer as its
 * tokens come, whole characters only.
 *
 * @param json whether standard output is for a program: then only notes are shown
 */
record Screen(PrintStream out, PrintStream err, boolean json) {

  void note(String format, Object... values) {
    err.println("krites: " + String.format(Locale.ROOT, format, values));
  }

  void line(String text) {
    if (!json) {
      out.println(text);
      out.flush();
    }
  }

  /** What is loaded and how much will be read. */
  void opened(AnsweringModel model, int promptTokens) {
    note(
        "%s in %s, %d prompt tokens",
        model.directory(), model.precision().name().toLowerCase(Locale.ROOT), promptTokens);
  }

  /** What answers cost, and whether one of them was cut. */
  void spent(AnsweringModel model, List<Answer> answers) {
    int tokens = answers.stream().mapToInt(Answer::tokens).sum();
    long cut = answers.stream().filter(answer -> answer.finish() == FinishReason.LENGTH).count();
    double seconds = answers.stream().mapToDouble(Answer::seconds).max().orElse(0);
    note(
        "%d tokens in %.1f s, after %.1f s of loading%s",
        tokens,
        seconds,
        model.loadSeconds(),
        cut == 0 ? "" : "; " + cut + " of " + answers.size() + " cut by --max-new-tokens");
  }

  /** An answer below a line that says what it is. */
  void titled(String title, Answer answer) {
    line("== " + title + " ==");
    line(answer.text());
    line("");
  }

  /** The end that the user asked for. */
  int stopped() {
    line("");
    note("stopped");
    return ExitCode.INTERRUPTED;
  }

  /** The text of an answer that comes token by token. */
  final class Stream {
    private final StreamingDecoder decoder;
    private int shown;

    Stream(Tokenizer tokenizer) {
      this.decoder = tokenizer.streaming(true);
    }

    void show(TokenIds soFar) {
      StringBuilder fresh = new StringBuilder();
      for (; shown < soFar.length(); shown++) {
        fresh.append(decoder.next(soFar.at(shown)));
      }
      if (!json && !fresh.isEmpty()) {
        out.print(fresh);
        out.flush();
      }
    }

    void end() {
      line(decoder.finish());
    }
  }

  /** {@code response 1 is better}, and the like. */
  static String words(Optional<Label> verdict) {
    return verdict
        .map(
            label ->
                switch (label) {
                  case FIRST -> "response 1 is better";
                  case SECOND -> "response 2 is better";
                  case TIE -> "neither is better";
                })
        .orElse("no verdict can be read");
  }
}
