package krites.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;

/** The list of verbs in the help, by what a person wants to do. */
final class VerbList implements IHelpSectionRenderer {
  private static final String OTHERS = "Look closer";

  /** Verbs of each group, in the order of a first visit; every other verb is one of the last. */
  private static final Map<String, List<String>> GROUPS = groups();

  private static Map<String, List<String>> groups() {
    Map<String, List<String>> groups = new LinkedHashMap<>();
    groups.put("Use a model", List.of("ask", "critique", "best-of-n", "scale", "model"));
    groups.put(
        "Train one",
        List.of(
            "train", "sft", "reject", "eval", "select", "experiment", "data", "plan", "config"));
    groups.put("Watch and prove a run", List.of("status", "set", "audit", "diff", "replay"));
    groups.put("Use several machines", List.of("node", "cluster", "chaos"));
    return groups;
  }

  @Override
  public String render(Help help) {
    Map<String, Help> left = new LinkedHashMap<>(help.subcommands());
    StringBuilder text = new StringBuilder();
    GROUPS.forEach(
        (heading, names) -> {
          List<Help> verbs = new ArrayList<>();
          for (String name : names) {
            Help verb = left.remove(name);
            if (verb != null) {
              verbs.add(verb);
            }
          }
          text.append(group(help, heading, verbs));
        });
    return text.append(group(help, OTHERS, List.copyOf(left.values()))).toString();
  }

  private static String group(Help help, String heading, List<Help> verbs) {
    int width = help.commandSpec().usageMessage().width();
    int nameWidth = 14; // the longest verb, "conformance", and its indentation
    Help.TextTable table =
        Help.TextTable.forColumns(
            help.colorScheme(),
            new Help.Column(nameWidth, 2, Help.Column.Overflow.SPAN),
            new Help.Column(width - nameWidth, 2, Help.Column.Overflow.WRAP));
    for (Help verb : verbs) {
      String[] description = verb.commandSpec().usageMessage().description();
      table.addRowValues(
          help.colorScheme().commandText(verb.commandSpec().name()),
          help.colorScheme().text(description.length == 0 ? "" : description[0]));
    }
    return String.format("%n%s:%n%s", heading, table);
  }
}
