package krites.learner;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import krites.grpo.port.MemberExchange;
import krites.grpo.port.MemberLost;

/** The exchange of members that are threads of one process: bytes through its memory. */
public final class LocalMembers {
  /** What may wait in a stream: two parts of an update. */
  private static final int STREAM_BYTES = 2 * Float.BYTES * HostParts.VALUES;

  private LocalMembers() {}

  /**
   * Makes the exchanges of all members, by rank.
   *
   * @param members at least two
   * @param patience how long another member may neither send nor take anything when it should
   */
  public static List<MemberExchange> of(int members, Duration patience) {
    if (members < 2) {
      throw new IllegalArgumentException(members + " members");
    }
    Stream[][] streams = new Stream[members][members];
    for (int from = 0; from < members; from++) {
      for (int to = 0; to < members; to++) {
        streams[from][to] = new Stream(from, to, patience);
      }
    }
    List<MemberExchange> all = new ArrayList<>();
    for (int rank = 0; rank < members; rank++) {
      all.add(new Local(rank, streams));
    }
    return List.copyOf(all);
  }

  private record Local(int rank, Stream[][] streams) implements MemberExchange {
    @Override
    public int members() {
      return streams.length;
    }

    @Override
    public void send(int to, ByteBuffer bytes) {
      streams[rank][to].put(bytes);
    }

    @Override
    public boolean await(int from, Duration atMost) {
      return streams[from][rank].await(atMost);
    }

    @Override
    public void receive(int from, ByteBuffer target) {
      streams[from][rank].take(target);
    }

    @Override
    public void close() {
      for (int other = 0; other < streams.length; other++) {
        streams[rank][other].end();
        streams[other][rank].end();
      }
    }
  }

  /** A ring of bytes from one member to another. */
  private static final class Stream {
    private final int from;
    private final int to;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private byte[] ring = {}; // made when it is used
    private int start;
    private int filled;
    private boolean ended;

    Stream(int from, int to, Duration patience) {
      this.from = from;
      this.to = to;
      this.patience = patience;
    }

    void put(ByteBuffer bytes) {
      lock.lock();
      try {
        if (ring.length == 0) {
          ring = new byte[STREAM_BYTES];
        }
        while (bytes.hasRemaining()) {
          if (ended) {
            throw new MemberLost("member " + to + " of the learner is gone");
          }
          if (filled == ring.length) {
            waitForChange("member " + to + " of the learner takes nothing");
            continue;
          }
          int end = (start + filled) % ring.length;
          int room = Math.min(ring.length - filled, ring.length - end);
          int count = Math.min(room, bytes.remaining());
          bytes.get(ring, end, count);
          filled += count;
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }

    void take(ByteBuffer target) {
      lock.lock();
      try {
        while (target.hasRemaining()) {
          if (filled == 0) {
            requireOpen();
            waitForChange("member " + from + " of the learner sends nothing");
            continue;
          }
          int count = Math.min(Math.min(filled, ring.length - start), target.remaining());
          target.put(ring, start, count);
          start = (start + count) % ring.length;
          filled -= count;
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }

    boolean await(Duration atMost) {
      lock.lock();
      try {
        long left = atMost.toNanos();
        while (filled == 0) {
          requireOpen();
          if (left <= 0) {
            return false;
          }
          left = changed.awaitNanos(left);
        }
        return true;
      } catch (InterruptedException e) {
        throw interrupted(e);
      } finally {
        lock.unlock();
      }
    }

    private void requireOpen() {
      if (ended) {
        throw new MemberLost("member " + from + " of the learner is gone");
      }
    }

    private void waitForChange(String otherwise) {
      try {
        if (!changed.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
          throw new MemberLost(otherwise + " for " + patience.toSeconds() + " s");
        }
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }

    private static MemberLost interrupted(InterruptedException e) {
      Thread.currentThread().interrupt();
      return new MemberLost("interrupted", e);
    }

    /** What is in it may still be taken. */
    void end() {
      lock.lock();
      try {
        ended = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
