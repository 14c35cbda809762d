package krites.app;

import java.util.Optional;
import krites.model.safetensors.DType;

/** Names of number types as a command line takes them. */
final class WeightTypeOption {
  static final String VALUES = "bf16, f16 or f32";

  private WeightTypeOption() {}

  /**
   * @param text empty if nothing was given
   * @throws InputError if no type has this name
   */
  static Optional<DType> parse(String text) {
    return switch (text) {
      case "" -> Optional.empty();
      case "bf16" -> Optional.of(DType.BF16);
      case "f16" -> Optional.of(DType.F16);
      case "f32" -> Optional.of(DType.F32);
      default -> throw new InputError("--dtype " + text + ": expected " + VALUES);
    };
  }
}
