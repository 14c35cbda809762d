package krites.model.safetensors;

import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * SHA-256 of bytes that several threads have in pieces: each adds its own when its turn comes, so
 * that one hashes while the others make, read or write what follows.
 *
 * <p>Pieces must be begun in order, as {@link Pieces} does it: then the first of those under way
 * never waits.
 */
final class OrderedDigest {
  private final MessageDigest digest = sha256();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();
  private int next;
  private boolean abandoned;

  /** An empty SHA-256. */
  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Waits until all pieces before this one were added, then adds it; or until it is hopeless. */
  void add(int piece, MemorySegment bytes) {
    lock.lock();
    try {
      while (next != piece && !abandoned) {
        moved.awaitUninterruptibly();
      }
      if (abandoned) {
        return;
      }
    } finally {
      lock.unlock();
    }
    digest.update(bytes.asByteBuffer()); // no other thread has its turn
    lock.lock();
    try {
      next++;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** A piece will never be added: nobody waits for it any longer. */
  void abandon() {
    lock.lock();
    try {
      abandoned = true;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * In hexadecimal, once.
   *
   * @throws IllegalStateException if not all pieces were added
   */
  String hex(int pieces) {
    lock.lock();
    try {
      if (next != pieces || abandoned) {
        throw new IllegalStateException(next + " of " + pieces + " pieces were hashed");
      }
      return HexFormat.of().formatHex(digest.digest());
    } finally {
      lock.unlock();
    }
  }
}
