package krites.model.qwen25vl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import krites.model.torchscript.RawTensors;
import krites.model.torchscript.ScriptModule;

/**
 * Which matrix products the text of {@link NetworkScript} calls, and so in which form it takes the
 * weights.
 */
public enum Kernels {
  /**
   * PyTorch's own products on weights as they are stored: any device, with or without gradients.
   */
  PLAIN,

  /**
   * oneDNN's products on weights that {@link PackedWeights} has put in its order: on a CPU, without
   * gradients.
   */
  PACKED,

  /**
   * The same for bfloat16 on a CPU whose oneDNN has no such products, as without AVX-512: the
   * packed weights are the same numbers in float32, arguments are taken to it, results are rounded.
   */
  PACKED_WIDE;

  private static final Pattern LINEAR = Pattern.compile("\\$LINEAR\\(([^;]*); ");
  private static final Map<Precision, Boolean> PACKS = new EnumMap<>(Precision.class);

  /** The fastest for inference. */
  public static Kernels fastest(Device device, Precision precision) {
    if (!device.equals(Device.cpu())) {
      return PLAIN;
    }
    if (packs(precision)) {
      return PACKED;
    }
    return precision == Precision.BF16 && packs(Precision.F32) ? PACKED_WIDE : PLAIN;
  }

  /** Whether weights are taken in oneDNN's order. */
  public boolean packed() {
    return this != PLAIN;
  }

  /** The type in which products of a network compute, of one whose weights are stored in a type. */
  public Precision computed(Precision stored) {
    return this == PACKED_WIDE ? Precision.F32 : stored;
  }

  /** Whether oneDNN is part of this PyTorch and has the type on this CPU; found out by trying. */
  private static synchronized boolean packs(Precision precision) {
    return PACKS.computeIfAbsent(precision, Kernels::tryToPack);
  }

  private static boolean tryToPack(Precision precision) {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        ScriptModule script =
            ScriptModule.load(
                manager, List.of(NetworkScript.packed(PACKED), PackedWeights.text(PACKED)))) {
      NDArray ones =
          RawTensors.cast(manager.ones(new Shape(64, 64)), precision.scalarType(), manager);
      NDArray packed = script.call(manager, "pack", List.of(ones), 1, 0).get(0);
      NDArray product = script.call(manager, "product", 64, ones, packed).get(0);
      return RawTensors.cast(product, RawTensors.FLOAT32, manager).toFloatArray()[0] == 64f;
    } catch (IllegalStateException | ai.djl.engine.EngineException e) {
      return false; // the text does not compile, or the operator refuses the type
    }
  }

  /**
   * The text with products of these kernels: {@code $LINEAR(n; x, weight, bias)} stands for one
   * that gives {@code n} numbers.
   */
  String linears(String text) {
    String product =
        switch (this) {
          case PLAIN -> "torch.linear(";
          case PACKED, PACKED_WIDE -> "self.product($1, ";
        };
    return LINEAR.matcher(text).replaceAll(product);
  }

  /** Place of the head in the list of weights. */
  int head(Qwen25VlConfig config) {
    int own = WeightLayout.lastNorm(config) + 1;
    return switch (this) {
      case PLAIN -> config.tiedHead() ? WeightLayout.embedding(config) : own;
      case PACKED, PACKED_WIDE ->
          own; // behind all others where the table of embeddings is the head as well
    };
  }
}
