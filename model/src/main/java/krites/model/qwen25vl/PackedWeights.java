package krites.model.qwen25vl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import krites.model.torchscript.ScriptModule;

/**
 * The weights of a network in the order in which oneDNN's matrix products read them, for the text
 * of {@link Kernels#PACKED}.
 *
 * <p>The list has the places of {@link WeightLayout}. Queries, keys and values of a layer are one
 * matrix in the place of the queries, gate and up one in the place of the gate; the places of the
 * others are empty. Embeddings, norms and biases are those of the {@link NetworkWeights}. Where the
 * table of embeddings is the head as well, a packed copy of it stands behind all others.
 *
 * <p>With {@link Kernels#PACKED_WIDE} matrices and biases are float32.
 *
 * <p>Owns what it packed. Every product with a packed matrix takes it as it is, whatever the number
 * of rows.
 */
public final class PackedWeights implements AutoCloseable {
  /**
   * Rows of a float32 matrix must fill blocks of so many: with PyTorch 2.7.1 the products with
   * other matrices, once reordered, are wrong without any error. Rows of zeros are put below them.
   */
  private static final int BLOCK = 64;

  /** Gate and up fill half a block each, so that they lie side by side without a gap. */
  private static final int HALF = BLOCK / 2;

  /**
   * {@code stack} puts matrices or vectors one below the other, with zeros below each until its
   * length is a multiple; {@code pack} also makes the rows of a matrix longer and reorders it.
   */
  private static final String TEXT =
      """
      def stack(self, parts: List[Tensor], multiple: int) -> Tensor:
        filled = annotate(List[Tensor], [])
        for i in range(torch.len(parts)):
          x = torch.flatten(torch.unsqueeze(parts[i], -1), 1)
          missing = torch.remainder(torch.neg(torch.size(x, 0)), multiple)
          if torch.gt(missing, 0):
            x = torch.constant_pad_nd(x, [0, 0, 0, missing], 0)
          filled.append(x)
        if torch.eq(torch.len(filled), 1):
          whole = filled[0]
        else:
          whole = torch.cat(filled, 0)
        missing = torch.remainder(torch.neg(torch.size(whole, 0)), $BLOCK)
        if torch.gt(missing, 0):
          whole = torch.constant_pad_nd(whole, [0, 0, 0, missing], 0)
        if torch.eq(torch.dim(parts[0]), 1):
          whole = torch.flatten(whole)
        return torch.detach($TYPED)

      def pack(self, parts: List[Tensor], multiple: int, columns: int) -> Tensor:
        whole = self.stack(parts, multiple)
        missing = torch.sub(columns, torch.size(whole, 1))
        if torch.gt(missing, 0):
          whole = torch.constant_pad_nd(whole, [0, missing], 0)
        return ops.mkldnn._reorder_linear_weight(whole, None)
      """
          .replace("$BLOCK", String.valueOf(BLOCK))
          .indent(2);

  static String text(Kernels kernels) {
    return TEXT.replace("$TYPED", kernels == Kernels.PACKED_WIDE ? "torch.to(whole, 6)" : "whole");
  }

  private final NDManager manager;
  private final NDList tensors;
  private final long packedValues;

  private PackedWeights(NDManager manager, NDList tensors, long packedValues) {
    this.manager = manager;
    this.tensors = tensors;
    this.packedValues = packedValues;
  }

  /**
   * Packs weights matrix by matrix.
   *
   * @param weights on the CPU, all of one type; they must outlive the result, which shares what is
   *     not packed
   * @param script of {@link NetworkScript#methods(Qwen25VlConfig, Kernels)} with {@link
   *     Kernels#PACKED}, or one that has its methods
   * @param parent owner of the packed copies
   */
  public static PackedWeights of(
      NetworkWeights weights, Qwen25VlConfig config, ScriptModule script, NDManager parent) {
    return pack(weights, config, script, false, parent);
  }

  /**
   * As {@link #of}, and frees each matrix once it is packed, so that there is no second copy but of
   * one matrix at a time.
   *
   * @param weights of which embeddings, norms and biases alone may be used from here on; they must
   *     still be closed after the result
   */
  public static PackedWeights replacing(
      NetworkWeights weights, Qwen25VlConfig config, ScriptModule script, NDManager parent) {
    return pack(weights, config, script, true, parent);
  }

  private static PackedWeights pack(
      NetworkWeights weights,
      Qwen25VlConfig config,
      ScriptModule script,
      boolean freeing,
      NDManager parent) {
    NDManager manager = parent.newSubManager();
    try {
      Packer packer = new Packer(weights.tensors(), script, freeing, manager);
      packer.all(config);
      return new PackedWeights(manager, packer.packed, packer.values);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** Fills the list of packed weights. */
  private static final class Packer {
    private final NDList plain;
    private final ScriptModule script;
    private final boolean freeing;
    private final NDManager manager;
    private final NDList packed;
    private final NDArray nothing;
    private long values;

    Packer(NDList plain, ScriptModule script, boolean freeing, NDManager manager) {
      this.plain = plain;
      this.script = script;
      this.freeing = freeing;
      this.manager = manager;
      this.packed = new NDList(plain);
      this.nothing = manager.zeros(new Shape(0));
    }

    /** The places are those that {@link VisionText} and {@link DecoderText} read. */
    void all(Qwen25VlConfig config) {
      int embedding = WeightLayout.embedding(config);
      int lastNorm = WeightLayout.lastNorm(config);
      linear(0);
      for (int b = 1; b + 5 < embedding; b += WeightLayout.PER_VISION_BLOCK) {
        linear(b + 2);
        vector(1, b + 3);
        linear(b + 4);
        vector(1, b + 5);
        matrix(HALF, 0, b + 6, b + 8);
        vector(HALF, b + 7, b + 9);
        matrix(1, width(config.vision().intermediate()), b + 10);
        vector(1, b + 11);
      }
      for (int b = embedding - 4; b < embedding; b += 2) {
        linear(b);
        vector(1, b + 1);
      }
      for (int b = embedding + 1; b < lastNorm; b += WeightLayout.PER_LAYER) {
        linear(b + 1, b + 3, b + 5);
        vector(1, b + 2, b + 4, b + 6);
        linear(b + 7);
        matrix(HALF, 0, b + 9, b + 10);
        matrix(1, width(config.intermediate()), b + 11);
      }
      if (config.tiedHead()) {
        packed.add(call("pack", places(embedding), 1, 0));
      } else {
        linear(lastNorm + 1);
      }
    }

    /** Columns of the matrix that follows gate and up. */
    private static int width(int intermediate) {
      return Math.ceilDiv(intermediate, HALF) * HALF;
    }

    private void linear(int... places) {
      matrix(1, 0, places);
    }

    /** Packs the matrices at some places into one at the first of them. */
    private void matrix(int multiple, int columns, int... places) {
      take(places, call("pack", places(places), multiple, columns));
      if (freeing) {
        for (int place : places) {
          plain.get(place).close();
        }
      }
    }

    private void vector(int multiple, int... places) {
      take(places, call("stack", places(places), multiple));
    }

    private void take(int[] places, NDArray whole) {
      packed.set(places[0], whole);
      for (int i = 1; i < places.length; i++) {
        packed.set(places[i], nothing);
      }
    }

    private NDList places(int... places) {
      NDList parts = new NDList();
      for (int place : places) {
        parts.add(plain.get(place));
        values += plain.get(place).getShape().size();
      }
      return parts;
    }

    private NDArray call(String method, Object... arguments) {
      return script.call(manager, method, arguments).get(0);
    }
  }

  /** What the text takes as {@code w}. */
  public NDList tensors() {
    return tensors;
  }

  /**
   * Numbers of a network that lie in this order: all but its table of embeddings, and that too
   * where it is the head as well, as a copy. Norms, which stay as they are, are counted with them,
   * and rows of zeros are not: both are few.
   */
  public static long packedValues(Qwen25VlConfig config) {
    long table = (long) config.vocabulary() * config.hidden();
    return WeightLayout.of(config).parameters() - (config.tiedHead() ? 0 : table);
  }

  /** Numbers that were packed, or stacked if they had to be. */
  public long values() {
    return packedValues;
  }

  @Override
  public void close() {
    manager.close();
  }
}
