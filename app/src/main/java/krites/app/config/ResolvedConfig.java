package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A configuration after all layers: as records, and as text that can be read again. */
public final class ResolvedConfig {
  private final String recipe;
  private final RunConfig config;
  private final Config merged;
  private final KnownKeys known;
  private final Set<String> consumed;

  ResolvedConfig(
      String recipe, RunConfig config, Config merged, KnownKeys known, Set<String> consumed) {
    this.recipe = recipe;
    this.config = config;
    this.merged = merged;
    this.known = known;
    this.consumed = Set.copyOf(consumed);
  }

  /** The last recipe that was named; empty if the configuration came from a resolved file. */
  public String recipe() {
    return recipe;
  }

  public RunConfig config() {
    return config;
  }

  /** Every key with its value in HOCON, in the order of {@code krites.conf}. */
  public Map<String, String> values() {
    return rendered(merged);
  }

  /** Every key with its default in HOCON. */
  public Map<String, String> defaults() {
    return rendered(known.defaults());
  }

  private Map<String, String> rendered(Config values) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (String key : known.keys().keySet()) {
      texts.put(key, values.getValue(key).render(ConfigRenderOptions.concise()));
    }
    return texts;
  }

  /** Keys that were read to make {@link #config}. */
  Set<String> consumed() {
    return consumed;
  }

  /**
   * Every key with its value, its documentation and where a value other than the default came from,
   * as HOCON.
   */
  public String text() {
    StringBuilder text =
        new StringBuilder(
            "# Every setting, as resolved from all layers. It can be given to --config.\n");
    String section = "";
    for (Map.Entry<String, String> key : known.keys().entrySet()) {
      int dot = key.getKey().lastIndexOf('.');
      String keySection = key.getKey().substring(0, dot);
      if (!keySection.equals(section)) {
        text.append(section.isEmpty() ? "\n" : "}\n\n").append(keySection).append(" {\n");
        section = keySection;
      }
      ConfigValue value = merged.getValue(key.getKey());
      text.append("  # ").append(key.getValue()).append('\n');
      text.append("  ").append(key.getKey().substring(dot + 1)).append(" = ");
      text.append(value.render(ConfigRenderOptions.concise()));
      boolean isDefault = value.equals(known.defaults().getValue(key.getKey()));
      text.append(isDefault ? "" : "  # from " + Place.of(value.origin())).append('\n');
    }
    return text.append("}\n").toString();
  }
}
