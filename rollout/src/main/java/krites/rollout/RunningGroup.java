package krites.rollout;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import krites.grpo.EncodedPrompt;
import krites.grpo.Group;
import krites.grpo.PartialGroup;
import krites.grpo.port.GroupRequest;
import krites.grpo.port.RolloutOutcome;
import krites.model.tokenizer.Tokenizer;

/** A group while its responses are decoded. */
final class RunningGroup {
  private final GroupRequest request;
  private final EncodedPrompt encoded;
  private final List<RunningRow> rows;

  RunningGroup(GroupRequest request, EncodedPrompt encoded) {
    this.request = request;
    this.encoded = encoded;
    this.rows =
        IntStream.range(0, request.sampling().groupSize())
            .mapToObj(index -> row(request, index))
            .toList();
  }

  private static RunningRow row(GroupRequest request, int index) {
    return new RunningRow(
        request.seed(),
        index,
        request.prefix().map(partial -> partial.responses().get(index)),
        request.sampling().maxNewTokens(),
        request.tokenBudget());
  }

  long id() {
    return request.groupId();
  }

  /** All responses, finished or not. */
  List<RunningRow> rows() {
    return rows;
  }

  /** Responses that go on in this sitting. */
  List<RunningRow> openRows() {
    return rows.stream().filter(RunningRow::open).toList();
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
