package krites.data.benchmark;

/**
 * The wording of one benchmark: what is put around the fields of a row. Each record holds the words
 * that a task of lmms-eval may set; {@code published()} has those that it does set.
 *
 * <p>Source: functions {@code doc_to_text} of {@code tasks} of EvolvingLMMs-Lab/lmms-eval and its
 * prompt snapshots.
 */
public sealed interface BenchmarkPrompts
    permits BlinkPrompts, FramedPrompts, MmBenchPrompts, MmmuPrompts, MmvpPrompts, VsiBenchPrompts {
  /**
   * The text of the user turn, without placeholders for pictures: they are shown before it.
   *
   * @throws IllegalArgumentException if the row lacks a field or holds something else in it; the
   *     caller knows file and line
   */
  String text(BenchmarkRow row);

  /**
   * Tokens that the published run lets a model answer in. A model that thinks before it answers
   * needs more.
   */
  int maxNewTokens();
}
