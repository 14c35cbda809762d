package krites.model.lora;

import java.util.ArrayList;
import java.util.List;
import krites.model.qwen25vl.NetworkScript;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * The text of {@link NetworkScript} with adapters: beside each targeted projection of a decoder
 * layer stands the low-rank product, whose tensors follow those of the {@link WeightLayout} in the
 * list {@code w}, in the order of {@link LoraLayout}.
 *
 * <p>The text of a network without adapters is not touched by this class, so its bits cannot be.
 */
public final class LoraScript {
  /** Argument and weight of a projection as the decoder's text has them. */
  private record Projection(String argument, String weight) {
    String text() {
      return "torch.linear(" + argument + ", " + weight + ")";
    }
  }

  private LoraScript() {}

  /** The methods of {@link NetworkScript} for a network with these adapters. */
  public static List<String> methods(Qwen25VlConfig config, LoraSettings settings) {
    List<String> methods = new ArrayList<>(NetworkScript.methods(config));
    int decoder = methods.size() - 1; // the vision tower has places that read the same
    String text = methods.get(decoder);
    for (int place = 0; place < settings.targets().size(); place++) {
      text = adapted(text, settings.targets().get(place), place);
    }
    methods.set(decoder, text);
    methods.add(adapter(config, settings));
    return List.copyOf(methods);
  }

  private static String adapted(String text, LoraTarget target, int place) {
    Projection projection = projection(target);
    if (!text.contains(projection.text())) {
      throw new IllegalStateException(
          "the network's text has no " + projection.text() + " to adapt as " + target.projection());
    }
    return text.replace(
        projection.text(),
        "self.adapted(%s, %s, b, %d, w)"
            .formatted(projection.text(), projection.argument(), place));
  }

  private static Projection projection(LoraTarget target) {
    return switch (target) {
      case Q_PROJ -> new Projection("h", "w[b + 1], w[b + 2]");
      case K_PROJ -> new Projection("h", "w[b + 3], w[b + 4]");
      case V_PROJ -> new Projection("h", "w[b + 5], w[b + 6]");
      case O_PROJ -> new Projection("o", "w[b + 7]");
      case GATE_PROJ -> new Projection("h", "w[b + 9]");
      case UP_PROJ -> new Projection("h", "w[b + 10]");
      case DOWN_PROJ -> new Projection("m", "w[b + 11]");
    };
  }

  /**
   * {@code adapted(y, x, b, place, w)} adds to {@code y = W x} what the adapter of a layer makes of
   * {@code x}; {@code b} is where the layer's weights begin. The adapters are cast to the type that
   * the layer computes in, through which their gradients come back in their own.
   */
  private static String adapter(Qwen25VlConfig config, LoraSettings settings) {
    List<String> names = WeightLayout.of(config).names();
    int first = names.indexOf("model.layers.0.input_layernorm.weight");
    int perLayer =
        config.layers() == 1
            ? names.indexOf("model.norm.weight") - first
            : names.indexOf("model.layers.1.input_layernorm.weight") - first;
    return """
      def adapted(self, y: Tensor, x: Tensor, b: int, place: int, w: List[Tensor]) -> Tensor:
        layer = torch.floordiv(torch.sub(b, $FIRST), $WEIGHTS)
        a = torch.add(torch.mul(torch.add(torch.mul(layer, $TARGETS), place), 2), $BASE)
        inner = torch.linear(x, torch.type_as(w[a], x))
        return torch.add(y, torch.mul(torch.linear(inner, torch.type_as(w[a + 1], x)), $SCALE))
      """
        .replace("$FIRST", String.valueOf(first))
        .replace("$WEIGHTS", String.valueOf(perLayer))
        .replace("$TARGETS", String.valueOf(settings.targets().size()))
        .replace("$BASE", String.valueOf(names.size()))
        .replace("$SCALE", String.valueOf(settings.scale()))
        .indent(2);
  }
}
