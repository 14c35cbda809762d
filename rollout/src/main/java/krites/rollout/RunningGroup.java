package krites.rollout;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import krites.grpo.EncodedPrompt;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutOutcome;
import krites.model.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * A group whose prompt is known: waiting for room, being read, or decoded.
 *
 * <p>Its memory ({@link #shared}, what is being read) is given and taken back by {@link Admission}.
 */
final class RunningGroup {
  private final GroupRequest request;
  private final EncodedPrompt encoded;
  private final PromptTokens prompt;
  private final List<RunningRow> rows;
  private final List<Reading> readings = new ArrayList<>();
  private final Map<RunningRow, Segment> own = new LinkedHashMap<>();
  private @Nullable Segment shared;

  RunningGroup(
      GroupRequest request, EncodedPrompt encoded, PromptTokens prompt, Tokenizer tokenizer) {
    this.request = request;
    this.encoded = encoded;
    this.prompt = prompt;
    this.rows =
        IntStream.range(0, request.sampling().groupSize())
            .mapToObj(index -> row(request, index, prompt, tokenizer))
            .toList();
  }

  private static RunningRow row(
      GroupRequest request, int index, PromptTokens prompt, Tokenizer tokenizer) {
    return new RunningRow(
        prompt,
        request.sampling(),
        request.seed(),
        index,
        request.prefix().map(partial -> partial.responses().get(index)),
        request.tokenBudget(),
        tokenizer);
  }

  long id() {
    return request.groupId();
  }

  GroupRequest request() {
    return request;
  }

  PromptTokens prompt() {
    return prompt;
  }

  List<RunningRow> rows() {
    return rows;
  }

  /** Responses that go on in this sitting. */
  List<RunningRow> openRows() {
    return rows.stream().filter(RunningRow::open).toList();
  }

  /** The prompt that its responses share, while it is held. */
  @Nullable Segment shared() {
    return shared;
  }

  /** What is being read, the prompt first. */
  List<Reading> readings() {
    return readings;
  }

  /** Tokens that are not read yet. */
  int unread() {
    return readings.stream().mapToInt(Reading::left).sum();
  }

  /** What is read for single responses, until it is copied into their columns. */
  Map<RunningRow, Segment> own() {
    return own;
  }

  /** Has the responses share a prompt, or have one of their own again. */
  void share(@Nullable Segment segment) {
    shared = segment;
    rows.forEach(row -> row.share(segment));
  }

  /** Tokens sampled in this sitting. */
  int freshTokens() {
    return rows.stream().mapToInt(RunningRow::freshTokens).sum();
  }

  /** How the sitting ended; empty while a response goes on. */
  Optional<RolloutOutcome> outcome(Tokenizer tokenizer) {
    if (rows.stream().anyMatch(RunningRow::open)) {
      return Optional.empty();
    }
    return Optional.of(
        rows.stream().allMatch(RunningRow::finished)
            ? new RolloutOutcome.Finished(group(tokenizer))
            : new RolloutOutcome.Cut(partial()));
  }

  /** The group as far as it is. */
  PartialGroup partial() {
    return new PartialGroup(
        id(), request.prompt(), encoded, rows.stream().map(RunningRow::partial).toList());
  }

  /** Ends the sitting of all rows. */
  void close() {
    rows.forEach(RunningRow::close);
  }

  private Group group(Tokenizer tokenizer) {
    return new Group(
        id(),
        request.prompt(),
        encoded,
        rows.stream().map(row -> row.response(tokenizer)).toList());
  }
}
