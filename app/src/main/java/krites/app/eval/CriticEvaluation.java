package krites.app.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.answer.Answer;
import krites.app.answer.AnsweringModel;
import krites.app.answer.AskStream;
import krites.app.answer.Questions;
import krites.app.answer.StopSignal;
import krites.eval.Measure;
import krites.eval.critic.CriticBenchmark;
import krites.eval.critic.CriticPair;
import krites.eval.critic.CriticProtocol;
import krites.eval.critic.CriticReport;
import krites.eval.critic.CriticVerdict;
import krites.eval.critic.JudgeWording;
import krites.eval.critic.JudgedPair;
import krites.eval.critic.Judgement;
import krites.grpo.Label;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.flow.Seeds;
import org.jspecify.annotations.Nullable;

/**
 * A critic benchmark: each pair judged as the protocol says, each time in an order that a coin of
 * its own draws.
 *
 * @param instruction last sentence of each prompt; empty text for none
 * @param seed of orders and judgements
 */
record CriticEvaluation(
    CriticBenchmark benchmark,
    List<CriticPair> list,
    CriticProtocol protocol,
    JudgeWording wording,
    String instruction,
    int maxNewTokens,
    long seed)
    implements Evaluation {
  CriticEvaluation {
    list = List.copyOf(list);
  }

  @Override
  public String title() {
    return benchmark.title();
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("votes", protocol.votes());
    settings.put("temperature", Double.parseDouble(Float.toString(protocol.temperature())));
    settings.put("top_p", Double.parseDouble(Float.toString(protocol.topP())));
    settings.put("both_orders", protocol.bothOrders());
    settings.put("wording", wording.name());
    settings.put("instruction", instruction);
    settings.put("max_new_tokens", maxNewTokens);
    settings.put("seed", seed);
    return settings;
  }

  @Override
  public int items() {
    return list.size();
  }

  @Override
  public long withoutPictures() {
    return list.stream().filter(pair -> pair.trouble().isPresent()).count();
  }

  @Override
  public int ask(AnsweringModel model, EvalFolder.Records records, StopSignal stop) {
    return new Asking(model, records, stop)
        .run(
            list.stream()
                .map(
                    pair ->
                        new Asking.Item(pair.id(), asks(pair), answers -> record(pair, answers)))
                .iterator(),
            list.size());
  }

  /** In which orders a pair is shown: one of each vote, and the other one of a single vote. */
  List<Boolean> orders(CriticPair pair) {
    List<Boolean> orders = new ArrayList<>();
    for (int vote = 0; vote < protocol.votes(); vote++) {
      orders.add((Seeds.ofName(seed, "order/" + pair.id() + "/" + vote) & 1) == 1);
    }
    if (protocol.votes() == 1 && protocol.bothOrders()) {
      orders.add(!orders.getFirst());
    }
    return orders;
  }

  private List<AskStream.Ask> asks(CriticPair pair) {
    List<AskStream.Ask> asks = new ArrayList<>();
    for (boolean exchanged : orders(pair)) {
      long own = Seeds.ofName(seed, "judgement/" + pair.id() + "/" + asks.size());
      asks.add(
          new AskStream.Ask(
              prompt(wording, pair, exchanged, instruction), protocol.sampling(maxNewTokens), own));
    }
    return asks;
  }

  static Prompt prompt(
      JudgeWording wording, CriticPair pair, boolean exchanged, String instruction) {
    String first = Questions.harmless(exchanged ? pair.second() : pair.first());
    String second = Questions.harmless(exchanged ? pair.first() : pair.second());
    String text = wording.text(Questions.harmless(pair.question()), first, second, instruction);
    return Questions.pictured(pair.id(), Task.CRITIC, pair.images(), text);
  }

  private Map<String, @Nullable Object> record(CriticPair pair, List<List<Answer>> answers) {
    List<Boolean> orders = orders(pair);
    List<Map<String, @Nullable Object>> judgements = new ArrayList<>();
    for (int i = 0; i < orders.size(); i++) {
      Answer answer = answers.get(i).getFirst();
      Map<String, @Nullable Object> judgement = new LinkedHashMap<>();
      judgement.put("order", orders.get(i) ? "exchanged" : "given");
      judgement.put("verdict", spelled(judgement(orders.get(i), answer.text()).verdict()));
      judgement.putAll(AnswerRecord.of(answer));
      judgements.add(judgement);
    }
    Map<String, @Nullable Object> record = new LinkedHashMap<>();
    record.put("row", pair.number());
    record.put("unit", pair.unit());
    record.put("images", pair.images().size());
    record.put("label", spelled(Optional.of(pair.label())));
    record.put("judgements", judgements);
    return record;
  }

  private static Judgement judgement(boolean exchanged, String text) {
    Optional<Label> seen = CriticVerdict.read(text);
    return new Judgement(exchanged, exchanged ? seen.map(Label::exchanged) : seen);
  }

  private static @Nullable String spelled(Optional<Label> verdict) {
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

  @Override
  public List<Measure> measures(EvalFolder.Records records) {
    List<JudgedPair> judged = new ArrayList<>();
    for (CriticPair pair : list) {
      judged.add(new JudgedPair(pair, judgements(pair, records.get(pair.id()).orElse(Map.of()))));
    }
    return new CriticReport(benchmark, protocol).measures(judged);
  }

  /** What a record says; a pair that could not be asked has no verdict in any order. */
  private List<Judgement> judgements(CriticPair pair, Map<String, Object> record) {
    List<Judgement> judgements = new ArrayList<>();
    if (record.get("judgements") instanceof List<?> list) {
      for (Object each : list) {
        if (each instanceof Map<?, ?> fields) {
          judgements.add(
              judgement(
                  AnswerRecord.text(fields, "order").equals("exchanged"),
                  AnswerRecord.text(fields, "text")));
        }
      }
      return judgements;
    }
    orders(pair).forEach(exchanged -> judgements.add(new Judgement(exchanged, Optional.empty())));
    return judgements;
  }
}
