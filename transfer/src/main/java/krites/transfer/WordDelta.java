package krites.transfer;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.function.Consumer;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * What changed between two files of 16-bit words, without loss: for bfloat16 weights one step apart
 * about a hundredth of the full file, since at the learning rates of RL few values move by a unit
 * in their last place.
 *
 * <p>The words are taken as integers in the order of the numbers that they stand for, so a step to
 * the next number is 1 on either side of zero. A delta holds, in blocks of {@link #BLOCK} words,
 * the gaps between changed words and the differences, as variable-length integers in two streams,
 * all of it deflated. It names the SHA-256 of the file that it was made against and of the one that
 * it gives; it fits no other file. Any content is reproduced exactly; only the size depends on what
 * it is.
 *
 * <p>Figures on which this rests: PULSE (arXiv 2602.03839) and SparseRL-Sync (arXiv 2605.07330)
 * report that about 99 of 100 values keep their bits from one step to the next.
 */
public final class WordDelta {
  /** Words of a block: its streams stay small enough to be checked before they are allocated. */
  static final int BLOCK = 1 << 20;

  private static final long MAGIC = 0x4B52_5744_454C_5441L; // KRWDELTA
  private static final int MAX_STREAM = 5 * BLOCK;
  private static final ValueLayout.OfShort WORD =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong FOUR =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private WordDelta() {}

  /**
   * What a delta costs.
   *
   * @param changedWords that differ
   * @param bytes of the delta
   */
  public record Size(long changedWords, long bytes) {}

  /**
   * Writes the delta from one file to another.
   *
   * @throws TransferException if their lengths differ or are odd: then there is no delta, and the
   *     full file is to be sent
   */
  public static Size write(Path base, Digest baseSha, Path next, Digest nextSha, Path delta)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = map(base, arena);
      MemorySegment to = map(next, arena);
      if (from.byteSize() != to.byteSize() || from.byteSize() % 2 != 0) {
        throw new TransferException(
            "no delta from "
                + base
                + " ("
                + from.byteSize()
                + " bytes) to "
                + next
                + " ("
                + to.byteSize()
                + " bytes)");
      }
      Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
      try (DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(delta)))) {
        out.writeLong(MAGIC);
        out.write(baseSha.toBytes());
        out.write(nextSha.toBytes());
        out.writeLong(from.byteSize());
        DeflaterOutputStream packed = new DeflaterOutputStream(out, deflater, 1 << 16);
        long changed = writeBlocks(from, to, new DataOutputStream(packed));
        packed.finish();
        out.flush();
        return new Size(changed, out.size());
      } finally {
        deflater.end();
      }
    }
  }

  private static long writeBlocks(MemorySegment from, MemorySegment to, DataOutputStream out)
      throws IOException {
    long words = from.byteSize() / 2;
    VarInts gaps = new VarInts();
    VarInts steps = new VarInts();
    long changed = 0;
    for (long start = 0; start < words; start += BLOCK) {
      gaps.clear();
      steps.clear();
      int count = changes(from, to, start, (int) Math.min(BLOCK, words - start), gaps, steps);
      out.writeInt(count);
      out.writeInt(gaps.length());
      out.writeInt(steps.length());
      gaps.writeTo(out);
      steps.writeTo(out);
      changed += count;
    }
    return changed;
  }

  private static int changes(
      MemorySegment from, MemorySegment to, long start, int words, VarInts gaps, VarInts steps) {
    int count = 0;
    int last = -1;
    int word = 0;
    while (word < words) {
      long at = 2 * (start + word);
      if (word + 4 <= words && from.get(FOUR, at) == to.get(FOUR, at)) {
        word += 4;
        continue;
      }
      int before = ordered(from.get(WORD, at));
      int after = ordered(to.get(WORD, at));
      if (before != after) {
        gaps.add(word - last - 1);
        steps.add(zigzag(after - before));
        last = word;
        count++;
      }
      word++;
    }
    return count;
  }

  /**
   * Makes the next file from its base.
   *
   * @param target written, and forced to disk; removed again if anything is wrong
   * @throws TransferException if the delta is damaged or belongs to another base, or the result is
   *     not what it promises
   */
  public static void apply(Path base, Digest baseSha, Path delta, Path target) throws IOException {
    MessageDigest sha = Digest.algorithm();
    make(
        base,
        baseSha,
        delta,
        target,
        sha::update,
        (out, promised) -> {
          if (!Digest.of(sha.digest()).equals(promised)) {
            throw new TransferException(delta + " does not give what it promises, " + promised);
          }
          out.force(true);
        });
  }

  /**
   * The same for a caller who compares the result himself, by the seals of its chunks, on several
   * processors: the one thing that is not done is its SHA-256, which would take longer than the
   * rest. Nothing is forced to disk.
   *
   * @throws TransferException if the delta is damaged or belongs to another base
   */
  public static void patch(Path base, Digest baseSha, Path delta, Path target) throws IOException {
    make(base, baseSha, delta, target, bytes -> {}, (out, promised) -> {});
  }

  private interface End {
    void of(FileChannel out, Digest promised) throws IOException;
  }

  private static void make(
      Path base, Digest baseSha, Path delta, Path target, Consumer<ByteBuffer> each, End end)
      throws IOException {
    boolean good = false;
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(delta), 1 << 16)) {
      DataInputStream in = new DataInputStream(raw);
      if (in.readLong() != MAGIC) {
        throw new TransferException(delta + " is no delta");
      }
      Digest wanted = Digest.of(in.readNBytes(Digest.BYTES));
      Digest promised = Digest.of(in.readNBytes(Digest.BYTES));
      long bytes = in.readLong();
      if (!wanted.equals(baseSha) || bytes != Files.size(base)) {
        throw new TransferException(delta + " was made against " + wanted + ", not " + baseSha);
      }
      Inflater inflater = new Inflater(true);
      try (Arena arena = Arena.ofConfined();
          FileChannel out =
              FileChannel.open(
                  target,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE)) {
        DataInputStream blocks = new DataInputStream(new InflaterInputStream(raw, inflater));
        applyBlocks(map(base, arena), blocks, out, each, delta);
        end.of(out, promised);
      } finally {
        inflater.end();
      }
      good = true;
    } catch (EOFException | ZipException | IllegalArgumentException e) {
      throw new TransferException(delta + " is damaged: " + e.getMessage(), e);
    } finally {
      if (!good) {
        Files.deleteIfExists(target);
      }
    }
  }

  private static void applyBlocks(
      MemorySegment from,
      DataInputStream in,
      FileChannel out,
      Consumer<ByteBuffer> each,
      Path delta)
      throws IOException {
    long words = from.byteSize() / 2;
    byte[] block = new byte[2 * BLOCK];
    MemorySegment target = MemorySegment.ofArray(block);
    for (long start = 0; start < words; start += BLOCK) {
      int size = (int) Math.min(BLOCK, words - start);
      MemorySegment.copy(from, 2 * start, target, 0, 2L * size);
      int count = in.readInt();
      int gapBytes = in.readInt();
      int stepBytes = in.readInt();
      if (count < 0 || count > size) {
        throw new TransferException(delta + ": " + count + " changes of " + size + " words");
      }
      VarInts gaps = VarInts.read(in, gapBytes, MAX_STREAM);
      VarInts steps = VarInts.read(in, stepBytes, MAX_STREAM);
      applyBlock(count, gaps, steps, target, size);
      ByteBuffer bytes = ByteBuffer.wrap(block, 0, 2 * size);
      each.accept(bytes.duplicate());
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }
  }

  private static void applyBlock(
      int count, VarInts gaps, VarInts steps, MemorySegment target, int size) {
    int word = -1;
    for (int i = 0; i < count; i++) {
      word = Math.addExact(word, Math.addExact(gaps.next(), 1));
      if (word >= size) {
        throw new IllegalArgumentException("a change at word " + word + " of " + size);
      }
      int after = ordered(target.get(WORD, 2L * word)) + step(steps.next());
      if (after < 0 || after > 0xFFFF) {
        throw new IllegalArgumentException("a change to " + after);
      }
      target.set(WORD, 2L * word, word(after));
    }
  }

  private static MemorySegment map(Path path, Arena arena) throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      return file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
    }
  }

  /** The place of a 16-bit float among all of them: negative ones reversed, below the others. */
  private static int ordered(short word) {
    int bits = word & 0xFFFF;
    return (bits & 0x8000) != 0 ? 0xFFFF - bits : bits + 0x8000;
  }

  private static short word(int ordered) {
    return (short) (ordered >= 0x8000 ? ordered - 0x8000 : 0xFFFF - ordered);
  }

  private static int zigzag(int step) {
    return (step << 1) ^ (step >> 31);
  }

  private static int step(int zigzag) {
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }
}
