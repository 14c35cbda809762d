package krites.learner;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.TrainerMember;
import org.jspecify.annotations.Nullable;

/**
 * A learner whose members are threads of this process: the leading one is driven by the caller, the
 * others have threads of their own. When one fails, so does the next call, with its reason.
 */
public final class LocalTeam implements PolicyTrainer {
  private static final long END_WITHIN_MILLIS =
      5_000; // a member in the middle of a micro-batch; after that it is left to itself

  private static final System.Logger LOG = System.getLogger(LocalTeam.class.getName());

  private final PolicyTrainer leader;
  private final List<Thread> threads;
  private final AtomicReference<@Nullable Failure> failure;

  private record Failure(int rank, Throwable cause) {}

  private LocalTeam(
      PolicyTrainer leader, List<Thread> threads, AtomicReference<@Nullable Failure> failure) {
    this.leader = leader;
    this.threads = threads;
    this.failure = failure;
  }

  /**
   * Makes all members, each on the thread that will drive it.
   *
   * @param exchanges of all members, by rank; taken over
   * @param leader makes the member of rank 0
   * @param member makes another one
   */
  public static LocalTeam of(
      List<MemberExchange> exchanges,
      Function<MemberExchange, PolicyTrainer> leader,
      Function<MemberExchange, TrainerMember> member) {
    AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (MemberExchange exchange : exchanges.subList(1, exchanges.size())) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .name("learner-member-" + exchange.rank())
              .start(() -> live(exchange, member, failure)));
    }
    try {
      return new LocalTeam(leader.apply(exchanges.getFirst()), threads, failure);
    } catch (RuntimeException | Error e) {
      exchanges.getFirst().close();
      throw e;
    }
  }

  private static void live(
      MemberExchange exchange,
      Function<MemberExchange, TrainerMember> member,
      AtomicReference<@Nullable Failure> failure) {
    try (MemberExchange _ = exchange;
        TrainerMember trainer = telling(exchange, failure, () -> member.apply(exchange))) {
      telling(exchange, failure, () -> followForEver(trainer));
    } catch (MemberLost leaderIsGone) {
      // Whoever was lost tells why; a leading member that was closed has nothing to tell.
      LOG.log(System.Logger.Level.DEBUG, "member " + exchange.rank() + " ends", leaderIsGone);
    } catch (RuntimeException | LinkageError | OutOfMemoryError told) {
      LOG.log(System.Logger.Level.DEBUG, "member " + exchange.rank() + " failed", told);
    }
  }

  /** The reason is known before the exchange is closed, by which the leading member notices. */
  private static <T> T telling(
      MemberExchange exchange, AtomicReference<@Nullable Failure> failure, Supplier<T> deed) {
    try {
      return deed.get();
    } catch (MemberLost lost) {
      throw lost;
    } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
      failure.compareAndSet(null, new Failure(exchange.rank(), e));
      throw e;
    }
  }

  private static Void followForEver(TrainerMember trainer) {
    while (true) {
      trainer.advance();
    }
  }

  @Override
  public PolicyVersion version() {
    return leader.version();
  }

  @Override
  public void begin(TrainingBatch batch) {
    together(
        () -> {
          leader.begin(batch);
          return batch;
        });
  }

  @Override
  public Optional<StepReport> advance() {
    return together(leader::advance);
  }

  @Override
  public WeightUpdate publish() {
    return together(leader::publish);
  }

  @Override
  public void save(Path directory) {
    together(
        () -> {
          leader.save(directory);
          return directory;
        });
  }

  private <T> T together(Supplier<T> deed) {
    try {
      return deed.get();
    } catch (MemberLost lost) {
      Failure known = failure.get();
      if (known == null) {
        throw new IllegalStateException(lost.getMessage(), lost);
      }
      throw new IllegalStateException(
          "member " + known.rank() + " of the learner: " + known.cause().getMessage(),
          known.cause());
    }
  }

  @Override
  public void close() {
    leader.close();
    long end = System.nanoTime() + END_WITHIN_MILLIS * 1_000_000;
    try {
      for (Thread thread : threads) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left > 0) {
          thread.join(left);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
