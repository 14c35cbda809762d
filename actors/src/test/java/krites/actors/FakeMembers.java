package krites.actors;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import krites.grpo.PolicyVersion;
import krites.grpo.StepReport;
import krites.grpo.TrainingBatch;
import krites.grpo.WeightUpdate;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;
import krites.grpo.port.MemberPlane;
import krites.grpo.port.PolicyTrainer;
import krites.grpo.port.TrainerMember;

/** Members of a learner whose connections are queues; a member answers each step with its rank. */
final class FakeMembers {
  /** How many members each learner that ever began had. */
  final Queue<Integer> sizes = new ConcurrentLinkedQueue<>();

  /** Ranks that answered, step by step. */
  final Queue<Integer> answers = new ConcurrentLinkedQueue<>();

  private final AtomicInteger opened = new AtomicInteger(); // nodes open theirs side by side
  private final Map<String, Plane> planes = new ConcurrentHashMap<>();

  MemberPlane plane() {
    Plane plane = new Plane("plane:" + opened.getAndIncrement());
    planes.put(plane.address(), plane);
    return plane;
  }

  private final class Plane implements MemberPlane {
    private final String address;
    private final Map<Integer, BlockingQueue<Byte>> arrived = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Plane(String address) {
      this.address = address;
    }

    @Override
    public String address() {
      return address;
    }

    @Override
    public String freshTicket() {
      return "ticket";
    }

    @Override
    public MemberExchange join(String ticket, List<String> addresses, int rank) {
      return new Exchange(this, addresses.stream().map(planes::get).toList(), rank);
    }

    BlockingQueue<Byte> from(int rank) {
      return arrived.computeIfAbsent(rank, _ -> new LinkedBlockingQueue<>());
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private record Exchange(Plane own, List<Plane> all, int rank) implements MemberExchange {
    @Override
    public int members() {
      return all.size();
    }

    @Override
    public void send(int to, ByteBuffer bytes) {
      while (bytes.hasRemaining()) {
        all.get(to).from(rank).add(bytes.get());
      }
    }

    @Override
    public boolean await(int from, Duration atMost) {
      long end = System.nanoTime() + atMost.toNanos();
      while (own.from(from).isEmpty()) {
        requireLive(from);
        if (System.nanoTime() >= end) {
          return false;
        }
        Thread.onSpinWait();
      }
      return true;
    }

    @Override
    public void receive(int from, ByteBuffer target) {
      while (target.hasRemaining()) {
        try {
          Byte next = own.from(from).poll(10, TimeUnit.MILLISECONDS);
          if (next == null) {
            requireLive(from);
          } else {
            target.put(next);
          }
        } catch (InterruptedException e) {
          throw new MemberLost("stopped", e);
        }
      }
    }

    private void requireLive(int member) {
      if (all.get(member).closed || own.closed) {
        throw new MemberLost("member " + member + " is gone");
      }
    }

    @Override
    public void close() {
      own.close();
    }
  }

  TrainerMember member(MemberExchange exchange) {
    return new TrainerMember() {
      @Override
      public void advance() {
        if (exchange.await(0, Duration.ofMillis(20))) {
          exchange.receive(0, ByteBuffer.allocate(1));
          exchange.send(0, ByteBuffer.wrap(new byte[] {(byte) exchange.rank()}));
        }
      }

      @Override
      public void close() {}
    };
  }

  PolicyTrainer leading(FakeTrainer trainer, MemberExchange exchange) {
    sizes.add(exchange.members());
    return new Leading(trainer, exchange, answers);
  }

  /** A trainer that asks every member in each step. */
  record Leading(FakeTrainer trainer, MemberExchange exchange, Queue<Integer> answers)
      implements PolicyTrainer {
    @Override
    public PolicyVersion version() {
      return trainer.version();
    }

    @Override
    public void begin(TrainingBatch batch) {
      List<Integer> heard = new ArrayList<>();
      for (int rank = 1; rank < exchange.members(); rank++) {
        exchange.send(rank, ByteBuffer.wrap(new byte[] {1}));
      }
      for (int rank = 1; rank < exchange.members(); rank++) {
        ByteBuffer answer = ByteBuffer.allocate(1);
        exchange.receive(rank, answer);
        heard.add((int) answer.get(0));
      }
      trainer.begin(batch);
      answers.addAll(heard);
    }

    @Override
    public Optional<StepReport> advance() {
      return trainer.advance();
    }

    @Override
    public WeightUpdate publish() {
      return trainer.publish();
    }

    @Override
    public void save(Path directory) {
      trainer.save(directory);
    }

    @Override
    public void close() {
      trainer.close();
    }
  }
}
