package krites.model.lora;

import java.util.ArrayList;
import java.util.List;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * The adapters of a network in the order in which its script takes them: layer after layer, target
 * after target, A before B.
 */
public final class LoraLayout {
  private final LoraSettings settings;
  private final List<Adapter> adapters;

  /**
   * One adapter.
   *
   * @param weight published name of the weight that it stands beside
   * @param rank inner dimension
   * @param in columns of the weight and of A
   * @param out rows of the weight and of B
   */
  public record Adapter(String weight, long rank, long in, long out) {
    /** Name of A in a file of peft. */
    public String nameOfA() {
      return "base_model.model." + module() + ".lora_A.weight";
    }

    /** Name of B in a file of peft. */
    public String nameOfB() {
      return "base_model.model." + module() + ".lora_B.weight";
    }

    private String module() {
      return weight.substring(0, weight.length() - ".weight".length());
    }
  }

  private LoraLayout(LoraSettings settings, List<Adapter> adapters) {
    this.settings = settings;
    this.adapters = List.copyOf(adapters);
  }

  /** The adapters that the settings ask of a network. */
  public static LoraLayout of(Qwen25VlConfig config, LoraSettings settings) {
    WeightLayout weights = WeightLayout.of(config);
    List<Adapter> adapters = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LoraTarget target : settings.targets()) {
        String name = "model.layers." + layer + "." + target.module() + ".weight";
        long[] shape = weights.shape(name);
        adapters.add(new Adapter(name, settings.rank(), shape[1], shape[0]));
      }
    }
    return new LoraLayout(settings, adapters);
  }

  public LoraSettings settings() {
    return settings;
  }

  public List<Adapter> adapters() {
    return adapters;
  }

  /** Names in a file of peft, in script order. */
  public List<String> names() {
    return adapters.stream()
        .flatMap(adapter -> List.of(adapter.nameOfA(), adapter.nameOfB()).stream())
        .toList();
  }

  /** Shapes in script order: (rank, in), (out, rank), ... */
  public List<long[]> shapes() {
    return adapters.stream()
        .flatMap(
            adapter ->
                List.of(
                    new long[] {adapter.rank(), adapter.in()},
                    new long[] {adapter.out(), adapter.rank()})
                    .stream())
        .toList();
  }

  /** Number of values of all adapters. */
  public long parameters() {
    return adapters.stream()
        .mapToLong(adapter -> adapter.rank() * (adapter.in() + adapter.out()))
        .sum();
  }
}
