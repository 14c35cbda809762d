package krites.app.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.util.Map;
import java.util.Set;

/** A configuration after all layers: as records, and as text that can be read again. */
public final class ResolvedConfig {
  private final String recipe;
  private final RunConfig config;
  private final Config merged;
  private final KnownKeys known;
  private final Set<String> consumed;

  ResolvedConfig(String recipe, RunConfig config, Config merged, KnownKeys known, Set<String> consumed) {
    this.recipe = recipe;
    this.config = config;
    this.merged = merged;
    this.known = known;
    this.consumed = Set.copyOf(consumed);
  }

  /** The last recipe that was named. */
  public String recipe() {
    return recipe;
  }

  public RunConfig config() {
    return config;
  }

  /** Keys that were read to make {@link #config}. */
  Set<String> consumed() {
    return consumed;
  }

  /** Every key with its value, its documentation and where a value that is not the default came from, as HOCON. */
  public String text() {
    StringBuilder text = new StringBuilder("# Every setting of this run, as resolved from recipe " + recipe + ".\n");
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
      String place = Place.of(value.origin());
      text.append(place.startsWith("krites.conf:") ? "" : "  # from " + place).append('\n');
    }
    return text.append("}\n").toString();
  }
}
