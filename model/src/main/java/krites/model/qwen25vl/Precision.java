package krites.model.qwen25vl;

import krites.model.safetensors.DType;
import krites.model.torchscript.RawTensors;

/**
 * The number type in which the weights of a network lie on a device and its layers compute; sums of
 * a softmax, norms and losses are float32 in either.
 */
public enum Precision {
  F32(RawTensors.FLOAT32, DType.F32, 4),
  BF16(RawTensors.BFLOAT16, DType.BF16, 2);

  private final int scalarType;
  private final DType file;
  private final int bytes;

  Precision(int scalarType, DType file, int bytes) {
    this.scalarType = scalarType;
    this.file = file;
    this.bytes = bytes;
  }

  /** PyTorch's number of the type, as {@link RawTensors} and TorchScript take it. */
  public int scalarType() {
    return scalarType;
  }

  /** The same type in a safetensors file. */
  public DType file() {
    return file;
  }

  /** Bytes of one number. */
  public int bytes() {
    return bytes;
  }
}
