package krites.app.config;

import java.util.List;

/** The configurations that ship with Krites, found by name from any working directory. */
public final class Recipes {
  /** The recipe of a run that names none. */
  public static final String DEFAULT = "shapes";

  private static final List<String> NAMES =
      List.of(
          "shapes",
          "smoke",
          "policy-only",
          "mixed",
          "cold-start",
          "control-shuffled-labels",
          "control-format-only",
          "base-skills",
          "base-habits",
          "llava-critic-r1-7b");

  private Recipes() {}

  /** All shipped names, the default first. */
  public static List<String> names() {
    return NAMES;
  }

  /** Where the text of a recipe lies on the class path. */
  static String resource(String name) {
    return "krites/recipes/" + name + ".conf";
  }
}
