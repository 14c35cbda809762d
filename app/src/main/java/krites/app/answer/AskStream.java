package krites.app.answer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.PartialResponse;
import krites.grpo.Prompt;
import krites.grpo.Response;
import krites.grpo.Sampling;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutOutcome;
import krites.model.tokenizer.Tokenizer;
import krites.rollout.DjlRolloutEngine;

/** Many prompts through one engine: none waits for the slowest of those before it. */
public final class AskStream {
  /**
   * Responses in flight at once. A step of the engine takes as long as its widest layer does for
   * all of them; on a CPU twice as many are not faster, and they hold keys and values.
   */
  private static final int RESPONSES = 64;

  private final AnsweringModel model;
  private final Tokenizer tokenizer;
  private final Listener listener;
  private final Map<Long, Started> started = new HashMap<>();
  private int responses;
  private long tokens;

  /** A prompt to be answered. */
  public record Ask(Prompt prompt, Sampling sampling, long seed) {}

  /** Who hears of answers; called between two steps, on the thread of the engine. */
  public interface Listener {
    /**
     * All answers to a prompt are there.
     *
     * @param number of the prompt, from 0
     */
    void answered(int number, List<Answer> answers);

    /** A prompt cannot be answered: its pictures, or its length. */
    void failed(int number, String reason);

    /** Whether to stop at once. */
    default boolean stopped() {
      return false;
    }
  }

  private record Started(int responses, int promptTokens, long nanos) {}

  AskStream(AnsweringModel model, Tokenizer tokenizer, Listener listener) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.listener = listener;
  }

  void run(Iterator<Ask> asks) {
    int number = 0;
    Optional<DjlRolloutEngine> engine = Optional.empty();
    while (asks.hasNext() || !started.isEmpty()) {
      if (listener.stopped()) {
        for (long id : started.keySet()) {
          engine.ifPresent(running -> running.cancel(id));
        }
        throw new Stopped();
      }
      while (asks.hasNext() && hasRoom()) {
        // The weights are read when the first prompt turns out to be one.
        engine = start(number++, asks.next(), engine);
      }
      if (engine.isPresent() && !started.isEmpty()) {
        engine.get().step().forEach(this::onOutcome);
      }
    }
  }

  private boolean hasRoom() {
    return started.isEmpty() || responses < RESPONSES && tokens < AnsweringModel.LOT_TOKENS;
  }

  private Optional<DjlRolloutEngine> start(int number, Ask ask, Optional<DjlRolloutEngine> engine) {
    int length;
    try {
      length = model.tokens(ask.prompt());
    } catch (InputError e) {
      listener.failed(number, String.valueOf(e.getMessage()));
      return engine;
    }
    DjlRolloutEngine running = model.engine(AnsweringModel.CHUNK_TOKENS);
    Sampling sampling = model.fitting(ask.sampling(), length);
    running.start(GroupRequest.whole(number, ask.prompt(), sampling, ask.seed()));
    started.put((long) number, new Started(sampling.groupSize(), length, System.nanoTime()));
    responses += sampling.groupSize();
    tokens += length;
    return Optional.of(running);
  }

  private void onOutcome(RolloutOutcome outcome) {
    switch (outcome) {
      case RolloutOutcome.Finished(Group group) -> {
        Started known = ended(group.id());
        double seconds = (System.nanoTime() - known.nanos()) * 1e-9;
        listener.answered((int) group.id(), answers(group, seconds));
      }
      case RolloutOutcome.Failed(long id, String reason) -> {
        ended(id);
        listener.failed((int) id, reason);
      }
      case RolloutOutcome.Cut(PartialGroup group) ->
          throw new IllegalStateException("group " + group.id() + " was cut without a budget");
    }
  }

  private Started ended(long id) {
    Started known = started.remove(id);
    if (known == null) {
      throw new IllegalStateException("group " + id + " was not asked for");
    }
    responses -= known.responses();
    tokens -= known.promptTokens();
    return known;
  }

  private List<Answer> answers(Group group, double seconds) {
    List<Answer> answers = new ArrayList<>();
    for (Response response : group.responses()) {
      PartialResponse whole =
          new PartialResponse(
              response.ids(),
              response.behaviourLogProbs(),
              response.versions(),
              Optional.of(response.finish()));
      answers.add(Answer.of(whole, tokenizer.decode(response.ids().toArray(), true), seconds));
    }
    return answers;
  }
}
