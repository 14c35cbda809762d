package krites.model.lora;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** A linear projection of a decoder layer that can have an adapter, under the name of peft. */
public enum LoraTarget {
  Q_PROJ("self_attn"),
  K_PROJ("self_attn"),
  V_PROJ("self_attn"),
  O_PROJ("self_attn"),
  GATE_PROJ("mlp"),
  UP_PROJ("mlp"),
  DOWN_PROJ("mlp");

  private final String parent;

  LoraTarget(String parent) {
    this.parent = parent;
  }

  /** For example {@code q_proj}. */
  public String projection() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** For example {@code self_attn.q_proj}. */
  String module() {
    return parent + "." + projection();
  }

  /** The projection of this name, if a decoder layer has it. */
  public static Optional<LoraTarget> named(String projection) {
    return Arrays.stream(values())
        .filter(target -> target.projection().equals(projection))
        .findFirst();
  }

  /** All names, with commas between. */
  public static String allowed() {
    return Arrays.stream(values()).map(LoraTarget::projection).collect(Collectors.joining(", "));
  }
}
