package krites.app.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import krites.app.run.DurableFiles;
import krites.grpo.objective.AdamSettings;
import krites.grpo.objective.PlainAdamW;
import krites.model.safetensors.Conversion;
import krites.model.safetensors.DType;
import krites.model.safetensors.FileDigest;
import krites.transfer.Digest;
import krites.transfer.Manifest;
import krites.transfer.Ticket;
import krites.transfer.WordDelta;

/**
 * Weights before and after a step of training, and what changed between them.
 *
 * <p>A block of weights, normal with a deviation of 0.02 and on the grid of bfloat16 at first, is
 * trained for real: AdamW in float32 with normal gradients, rounded to bfloat16 for each version.
 * The files are that block again and again: repetitions lie far outside of what the compression of
 * a delta can see.
 */
final class DeltaBench {
  private static final int BLOCK =
      1 << 22; // weights; what changes of them fills a deflate window thrice
  private static final double DEVIATION = 0.02;
  private static final String FILE = "model.safetensors";

  private final float[] weights = new float[BLOCK];
  private final PlainAdamW optimizer = new PlainAdamW(BLOCK, AdamSettings.published());
  private final Random random;
  private final double learningRate;

  /**
   * @param steps that are behind the weights; the first steps of AdamW are larger than all others
   */
  DeltaBench(double learningRate, int steps, long seed) {
    this.learningRate = learningRate;
    this.random = new Random(seed);
    for (int i = 0; i < BLOCK; i++) {
      weights[i] =
          Float.intBitsToFloat(
              Conversion.bits((float) (DEVIATION * random.nextGaussian()), DType.BF16) << 16);
    }
    for (int step = 0; step < steps; step++) {
      step();
    }
  }

  private void step() {
    float[] gradient = new float[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      gradient[i] = (float) random.nextGaussian();
    }
    optimizer.step(weights, gradient, learningRate);
  }

  /** Writes the weights as they are now, again and again up to a size, into a new folder. */
  Path write(Path folder, long bytes) throws IOException {
    ByteBuffer block = ByteBuffer.allocateDirect(2 * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    for (float weight : weights) {
      block.putShort((short) Conversion.bits(weight, DType.BF16));
    }
    Files.createDirectories(folder);
    try (FileChannel out =
        FileChannel.open(
            folder.resolve(FILE), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long at = 0; at < bytes; at += block.limit()) {
        block.rewind().limit((int) Math.min(block.capacity(), bytes - at));
        while (block.hasRemaining()) {
          out.write(block);
        }
      }
    }
    return folder;
  }

  /**
   * A step, and what changed with it: made, applied, and compared with the weights after the step.
   *
   * @param before what {@link #write} wrote last
   */
  void measure(Path work, String size, Path before, Findings findings) throws IOException {
    step();
    Path base = before.resolve(FILE);
    long bytes = Files.size(base);
    Path after = write(work.resolve("after"), bytes);
    Path made = Files.createDirectories(work.resolve("made"));
    Path delta = work.resolve("delta");
    try {
      Path next = after.resolve(FILE);
      Digest baseSha = Digest.parse(FileDigest.sha256(base));
      long start = System.nanoTime();
      WordDelta.Size found =
          WordDelta.write(base, baseSha, next, Digest.parse(FileDigest.sha256(next)), delta);
      String variant = "what one step changed";
      findings.add(size, variant, "made_seconds", seconds(start));
      findings.add(size, variant, "changed_share", 2.0 * found.changedWords() / bytes);
      findings.add(size, variant, "delta_share", found.bytes() / (double) bytes);
      start = System.nanoTime();
      WordDelta.patch(base, baseSha, delta, made.resolve(FILE));
      findings.add(size, variant, "applied_seconds", seconds(start));
      Ticket ticket = Ticket.fresh();
      start = System.nanoTime();
      Manifest got = Manifest.ofFolder(made, ticket, false);
      findings.add(size, variant, "compared_seconds", seconds(start));
      if (!got.equals(Manifest.ofFolder(after, ticket, false))) {
        throw new IOException("a delta did not give what it was made of");
      }
    } finally {
      Files.deleteIfExists(delta);
      DurableFiles.deleteTree(made);
      DurableFiles.deleteTree(after);
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) * 1e-9;
  }
}
