package krites.rollout;

import java.util.List;
import java.util.stream.IntStream;
import krites.grpo.EncodedPrompt;
import krites.grpo.Group;
import krites.grpo.port.GroupRequest;
import krites.model.tokenizer.Tokenizer;

/** A group while its responses are decoded. */
final class RunningGroup {
  private final GroupRequest request;
  private final EncodedPrompt encoded;
  private final List<RunningRow> rows;
  private boolean cancelled;
  private boolean returned;

  RunningGroup(GroupRequest request, EncodedPrompt encoded) {
    this.request = request;
    this.encoded = encoded;
    this.rows =
        IntStream.range(0, request.sampling().groupSize())
            .mapToObj(index -> new RunningRow(request.seed(), index))
            .toList();
  }

  long id() {
    return request.groupId();
  }

  List<RunningRow> rows() {
    return rows;
  }

  boolean complete() {
    return rows.stream().allMatch(RunningRow::ended);
  }

  void cancel() {
    cancelled = true;
    rows.forEach(RunningRow::abandon);
  }

  boolean cancelled() {
    return cancelled;
  }

  boolean returned() {
    return returned;
  }

  void markReturned() {
    returned = true;
  }

  Group group(Tokenizer tokenizer) {
    return new Group(
        request.groupId(),
        request.prompt(),
        encoded,
        rows.stream().map(row -> row.response(tokenizer)).toList());
  }
}
