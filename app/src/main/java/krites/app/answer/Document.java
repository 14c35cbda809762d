package krites.app.answer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import krites.grpo.ImageRef;
import krites.grpo.Label;
import krites.grpo.Sampling;
import krites.grpo.judge.Knockout;
import krites.grpo.judge.PairVotes;
import krites.grpo.judge.Votes;
import org.jspecify.annotations.Nullable;

/** The JSON of {@code --json}; docs/commands.md names every field. */
final class Document {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

  /** Begins with what all verbs have in common. */
  Document(String command, AnsweringModel model, String question, List<ImageRef> images) {
    put("command", command);
    put("model", model.directory().toString());
    put("precision", model.precision().name().toLowerCase(Locale.ROOT));
    put("images", images.stream().map(ImageRef::name).toList());
    put("question", question);
  }

  Document put(String name, @Nullable Object value) {
    fields.put(name, value);
    return this;
  }

  String text() {
    try {
      return MAPPER.writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the document cannot be written as JSON", e);
    }
  }

  static Map<String, @Nullable Object> sampling(Sampling sampling, long seed) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("n", sampling.groupSize());
    object.put("temperature", shortest(sampling.temperature()));
    object.put("top_p", shortest(sampling.topP()));
    object.put("top_k", sampling.topK());
    object.put("max_new_tokens", sampling.maxNewTokens());
    object.put("seed", seed);
    return object;
  }

  /** The number that a person wrote, not the nearest float's own digits. */
  private static double shortest(float number) {
    return Double.parseDouble(Float.toString(number));
  }

  static Map<String, @Nullable Object> answer(Answer answer) {
    Layout layout = answer.layout();
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("text", answer.text());
    object.put("thinking", layout.thinking().orElse(null));
    object.put("box", layout.box().orElse(null));
    object.put("tokens", answer.tokens());
    object.put("finish", answer.finish().name().toLowerCase(Locale.ROOT));
    object.put("log_prob_sum", answer.logProbSum());
    object.put("seconds", answer.seconds());
    return object;
  }

  static Map<String, @Nullable Object> judgement(Critic.Judgement judgement) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("order", judgement.exchanged() ? "exchanged" : "given");
    object.put("verdict", verdict(judgement.verdict()));
    object.putAll(answer(judgement.answer()));
    return object;
  }

  static Map<String, @Nullable Object> votes(PairVotes pair) {
    Votes votes = pair.all();
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("1", votes.first());
    object.put("2", votes.second());
    object.put("tie", votes.ties());
    object.put("unread", votes.unread());
    return object;
  }

  static Map<String, @Nullable Object> round(Contest.PlayedRound played) {
    List<Map<String, @Nullable Object>> matches = new ArrayList<>();
    for (int i = 0; i < played.judged().size(); i++) {
      matches.add(match(played.round().matches().get(i), played.judged().get(i)));
    }
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("round", played.round().number());
    object.put("matches", matches);
    OptionalInt bye = played.round().bye();
    object.put("bye", bye.isPresent() ? bye.getAsInt() + 1 : null);
    return object;
  }

  /** Candidates are numbered from 1, as in the list of candidates that a person reads. */
  private static Map<String, @Nullable Object> match(Knockout.Match match, Critic.Judged judged) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("first", match.pair().first() + 1);
    object.put("second", match.pair().second() + 1);
    object.put("verdict", verdict(match.verdict()));
    object.put("consistent", judged.votes().consistent().orElse(null));
    object.put("winner", match.winner() + 1);
    object.put("by_coin", match.byCoin());
    object.put("judgements", judged.judgements().stream().map(Document::judgement).toList());
    return object;
  }

  /** {@code "1"}, {@code "2"}, {@code "tie"}, or null where none could be read. */
  static @Nullable String verdict(Optional<Label> verdict) {
    return verdict
        .map(
            label ->
                switch (label) {
                  case FIRST -> "1";
                  case SECOND -> "2";
                  case TIE -> "tie";
                })
        .orElse(null);
  }
}
