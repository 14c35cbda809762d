package krites.actors;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import krites.actors.wire.ControlMessage;
import krites.grpo.TrainingBatch;
import krites.grpo.flow.LedgerEvent;
import krites.grpo.port.RunRecorder;
import krites.grpo.record.EvalRecord;
import krites.grpo.record.RunStatus;
import krites.grpo.record.RunSummary;
import krites.grpo.record.SampleRecord;
import krites.grpo.record.StepRecord;

/**
 * What happened in a job lately, numbered, for whoever looks on from elsewhere. Written by the
 * recorder, read by the coordinator. Thread safe.
 *
 * <p>Numbers begin with the time, so that those of a coordinator that came later are higher.
 */
public final class JobNews {
  /** One piece of news: a step or an evaluation. */
  public record Item(long number, Optional<StepRecord> step, Optional<EvalRecord> eval)
      implements ControlMessage {}

  private static final int KEPT = 1_000; // who looks in each second misses nothing
  private static final int AT_ONCE = 50; // fits into one small message

  private final Deque<Item> items = new ArrayDeque<>();
  private long number = System.currentTimeMillis() * 1_000;
  private Optional<RunStatus> status = Optional.empty();

  private synchronized void add(Optional<StepRecord> step, Optional<EvalRecord> eval) {
    items.add(new Item(++number, step, eval));
    if (items.size() > KEPT) {
      items.remove();
    }
  }

  /** The first of those after a number. */
  synchronized List<Item> after(long seen) {
    List<Item> found = new ArrayList<>();
    for (Item item : items) {
      if (item.number() > seen && found.size() < AT_ONCE) {
        found.add(item);
      }
    }
    return found;
  }

  synchronized Optional<RunStatus> status() {
    return status;
  }

  private synchronized void status(RunStatus now) {
    status = Optional.of(now);
  }

  /** The same recorder, listened to. */
  RunRecorder listening(RunRecorder recorder) {
    return new RunRecorder() {
      @Override
      public void step(StepRecord step) {
        recorder.step(step);
        add(Optional.of(step), Optional.empty());
      }

      @Override
      public void samples(List<SampleRecord> samples) {
        recorder.samples(samples);
      }

      @Override
      public void eval(EvalRecord eval) {
        recorder.eval(eval);
        add(Optional.empty(), Optional.of(eval));
      }

      @Override
      public void events(List<LedgerEvent> events) {
        recorder.events(events);
      }

      @Override
      public void sync() {
        recorder.sync();
      }

      @Override
      public void batch(TrainingBatch batch) {
        recorder.batch(batch);
      }

      @Override
      public void status(RunStatus now) {
        recorder.status(now);
        JobNews.this.status(now);
      }

      @Override
      public void summary(RunSummary summary) {
        recorder.summary(summary);
      }
    };
  }
}
