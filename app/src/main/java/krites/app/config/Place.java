package krites.app.config;

import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;

/** How an error message names where a value was written. */
final class Place {
  /** Longer values are cut in messages. */
  private static final int SHOWN_MAX = 60;

  private Place() {}

  /** {@code my.conf:12}, {@code recipe smoke:3}, or the option as it was typed. */
  static String of(ConfigOrigin origin) {
    String resource = origin.resource();
    if (resource != null) {
      String name = resource.substring(resource.lastIndexOf('/') + 1);
      boolean recipe = resource.contains("recipes/");
      return line(
          recipe ? "recipe " + name.replaceFirst("\\.conf$", "") : name, origin.lineNumber());
    }
    String file = origin.filename();
    return file != null
        ? line(file, origin.lineNumber())
        : origin.description().replaceFirst(": 1$", "");
  }

  /** The value as written in HOCON, shortened. */
  static String shown(ConfigValue value) {
    String text = value.render(ConfigRenderOptions.concise());
    return text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX) + "...";
  }

  private static String line(String name, int line) {
    return line > 0 ? name + ":" + line : name;
  }
}
