package krites.app.answer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.app.InputError;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.PartialResponse;
import krites.grpo.Response;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutOutcome;
import krites.model.tokenizer.Tokenizer;
import krites.rollout.DjlRolloutEngine;
import org.jspecify.annotations.Nullable;

/** Prompts that an idle engine reads together, driven until each is answered. */
final class Lot {
  private final DjlRolloutEngine engine;
  private final Tokenizer tokenizer;
  private final Watch watch;
  private final boolean single;
  private final List<Asked> asked = new ArrayList<>();
  private final long start = System.nanoTime();

  /** A prompt and the answers that are there. */
  private record Asked(long id, @Nullable Answer[] answers) {}

  /** {@code single} has the watch see the tokens of the only response. */
  Lot(DjlRolloutEngine engine, Tokenizer tokenizer, Watch watch, boolean single) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.watch = watch;
    this.single = single;
  }

  /** Adds a prompt; the number of its group is the number of the prompt for the watch. */
  void add(GroupRequest request) {
    engine.start(request);
    asked.add(new Asked(request.groupId(), new Answer[request.sampling().groupSize()]));
  }

  /** Drives the engine to the end. */
  List<List<Answer>> answers() {
    while (engine.active() > 0) {
      if (watch.stopped()) {
        asked.forEach(prompt -> engine.cancel(prompt.id()));
        throw new Stopped();
      }
      engine.step().forEach(this::onOutcome);
      for (Asked prompt : asked) {
        engine.progress(prompt.id()).ifPresent(group -> onProgress(prompt, group));
      }
    }
    return asked.stream().map(prompt -> List.of(prompt.answers())).toList();
  }

  private void onOutcome(RolloutOutcome outcome) {
    switch (outcome) {
      case RolloutOutcome.Finished(Group group) -> onFinished(group);
      case RolloutOutcome.Failed(_, String reason) -> throw new InputError(reason);
      case RolloutOutcome.Cut(PartialGroup group) ->
          throw new IllegalStateException("group " + group.id() + " was cut without a budget");
    }
  }

  private void onFinished(Group group) {
    Asked prompt =
        asked.stream().filter(known -> known.id() == group.id()).findFirst().orElseThrow();
    for (int i = 0; i < prompt.answers().length; i++) {
      Response whole = group.responses().get(i);
      onResponse(
          prompt,
          i,
          new PartialResponse(
              whole.ids(),
              whole.behaviourLogProbs(),
              whole.versions(),
              Optional.of(whole.finish())));
    }
  }

  private void onProgress(Asked prompt, PartialGroup group) {
    for (int i = 0; i < prompt.answers().length; i++) {
      onResponse(prompt, i, group.responses().get(i));
    }
  }

  private void onResponse(Asked prompt, int index, PartialResponse response) {
    if (prompt.answers()[index] != null) {
      return;
    }
    if (single) {
      watch.onTokens(response.ids());
    }
    if (response.finish().isPresent()) {
      String text = tokenizer.decode(response.ids().toArray(), true);
      Answer answer = Answer.of(response, text, (System.nanoTime() - start) * 1e-9);
      prompt.answers()[index] = answer;
      watch.onAnswer((int) prompt.id(), index, answer);
    }
  }
}
