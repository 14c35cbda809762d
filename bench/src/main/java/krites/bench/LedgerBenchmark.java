package krites.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.TimeUnit;
import krites.grpo.flow.LedgerSnapshot;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one event costs the ledger with 1,000 workers and 100,000 groups in flight, the questions
 * that lead to it included. {@code events} is the time per event by the clock; the processor time
 * that is printed with each iteration is the same on a machine that does nothing else.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(value = 2, jvmArgs = "-Xmx2g")
public class LedgerBenchmark {
  /** Half of the groups are ready. */
  @State(Scope.Thread)
  public static class Full {
    private LedgerLoad load = LedgerLoad.empty();

    /** Fills the ledger, and trains until groups of all ages are in it. */
    @Setup(Level.Trial)
    public void fill() {
      load = LedgerLoad.full();
      for (int step = 0; step < 2_000; step++) {
        load.step();
      }
      load.takeEvents();
    }
  }

  /** All groups are at workers, a hundred at each. */
  @State(Scope.Thread)
  public static class Sampling {
    private LedgerLoad load = LedgerLoad.empty();

    /** Fills the ledger. */
    @Setup(Level.Trial)
    public void fill() {
      load = LedgerLoad.sampling();
      load.takeEvents();
    }
  }

  /** Counts events, so that the time is given for each of them. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Counter {
    public long events;

    /** Starts at zero. */
    @Setup(Level.Iteration)
    public void reset() {
      events = 0;
    }
  }

  /** Prints what the thread took of the processor, which other programs change less. */
  @State(Scope.Thread)
  public static class Processor {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private long begin;
    private long events;

    /** Starts at zero. */
    @Setup(Level.Iteration)
    public void reset() {
      events = 0;
      begin = THREADS.getCurrentThreadCpuTime();
    }

    /** One line per iteration, beside the line of JMH. */
    @TearDown(Level.Iteration)
    public void print() {
      double micros = (THREADS.getCurrentThreadCpuTime() - begin) / 1e3;
      System.out.printf("[%.2f us of processor per event] ", micros / events);
    }
  }

  /** One step of 100 groups: sweep, batch, train, start, generate, score. */
  @Benchmark
  public void trainingStep(Full full, Counter counter, Processor processor) {
    full.load.step();
    long events = full.load.takeEvents();
    counter.events += events;
    processor.events += events;
  }

  /** A worker dies under about 100 groups, which are begun again elsewhere. */
  @Benchmark
  public void lostWorker(Sampling sampling, Counter counter, Processor processor) {
    sampling.load.loseWorker();
    long events = sampling.load.takeEvents();
    counter.events += events;
    processor.events += events;
  }

  /** A snapshot for a checkpoint, of all groups; once per checkpoint, not per event. */
  @Benchmark
  public LedgerSnapshot snapshot(Full full) {
    return full.load.ledger().snapshot();
  }
}
