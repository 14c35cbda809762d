package krites.app.dataset;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import krites.data.DatasetReader;
import krites.data.format.PairText;
import krites.data.format.RowMeaning;
import krites.data.format.Sample;
import krites.data.report.DatasetSummary;
import krites.data.report.LengthBias;
import krites.grpo.Label;

/** What a data set holds, for a person or a program. */
record SummaryReport(DatasetReader reader, DatasetSummary summary) {
  /** Letters of a text that are shown of it. */
  private static final int SHOWN = 100;

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    add(lines, "format", reader.format().name() + ": " + reader.format().title());
    add(lines, "files", reader.files().size() + ", " + reader.container());
    add(lines, "rows", Long.toString(summary.rows()));
    add(lines, "columns", String.join(", ", reader.columns()));
    if (summary.pairs() > 0) {
      pairs(lines);
    }
    if (summary.items() > 0) {
      add(lines, "questions", summary.items() + ", answers " + answers());
    }
    add(
        lines,
        "images",
        String.format(
            Locale.ROOT,
            "%d, of which %d within the rows (%.1f MB)",
            summary.images(),
            summary.embedded(),
            summary.imageBytes() / 1e6));
    sorted(summary.nothing())
        .forEach(
            entry ->
                add(lines, "no sample", entry.getValue() + " rows: " + entry.getKey().words()));
    if (summary.bad().rows() > 0) {
      add(lines, "damaged", summary.bad().rows() + " rows");
      summary.bad().first().forEach(complaint -> add(lines, "", complaint));
    }
    summary.first().ifPresent(sample -> sample(lines, sample));
    return lines;
  }

  private void pairs(List<String> lines) {
    add(
        lines,
        "pairs",
        String.format(
            Locale.ROOT,
            "%d: first better %d, second better %d, ties %d",
            summary.pairs(),
            summary.labelled(Label.FIRST),
            summary.labelled(Label.SECOND),
            summary.labelled(Label.TIE)));
    if (summary.unplaced() > 0) {
      add(
          lines,
          "order",
          summary.unplaced() + " pairs know only chosen and rejected; a coin places them");
    }
    LengthBias lengths = summary.lengths();
    if (lengths.pairs() > 0) {
      add(
          lines,
          "lengths",
          String.format(
              Locale.ROOT,
              "better response longer in %d, shorter in %d, as long in %d; mean letters %.0f and"
                  + " %.0f",
              lengths.longer(),
              lengths.shorter(),
              lengths.equal(),
              lengths.chosenMean(),
              lengths.rejectedMean()));
    }
  }

  private String answers() {
    return summary.answers().entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(6)
        .map(entry -> shown(entry.getKey()) + " " + entry.getValue())
        .collect(Collectors.joining(", "));
  }

  private static void sample(List<String> lines, Sample sample) {
    add(lines, "first", "id " + sample.id() + ", images " + sample.images());
    switch (sample) {
      case Sample.Item item -> {
        add(lines, "", "question: " + shown(item.question()));
        add(lines, "", "answer: " + shown(item.answer()));
      }
      case Sample.Pair pair -> {
        switch (pair.text()) {
          case PairText.Whole(String text) -> add(lines, "", "prompt: " + shown(text));
          case PairText.Fields(String question, String first, String second) -> {
            add(lines, "", "question: " + shown(question));
            add(lines, "", "first: " + shown(first));
            add(lines, "", "second: " + shown(second));
          }
        }
        add(lines, "", "better: " + pair.label().name().toLowerCase(Locale.ROOT));
      }
    }
  }

  private static String shown(String text) {
    String line = text.replaceAll("\\s+", " ").replaceAll("\\p{Cntrl}", "?").strip();
    return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
  }

  private static void add(List<String> lines, String name, String value) {
    lines.add(String.format(Locale.ROOT, "%-10s %s", name, value).stripTrailing());
  }

  private static List<Map.Entry<RowMeaning.Reason, Long>> sorted(
      Map<RowMeaning.Reason, Long> nothing) {
    return nothing.entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
  }

  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("format", reader.format().name());
    json.put("container", reader.container());
    json.put("files", reader.files().size());
    json.put("rows", summary.rows());
    reader.columns().forEach(json.putArray("columns")::add);
    json.putObject("pairs")
        .put("count", summary.pairs())
        .put("first", summary.labelled(Label.FIRST))
        .put("second", summary.labelled(Label.SECOND))
        .put("tie", summary.labelled(Label.TIE))
        .put("unplaced", summary.unplaced())
        .put("whole_prompts", summary.whole());
    LengthBias lengths = summary.lengths();
    json.putObject("lengths")
        .put("better_longer", lengths.longer())
        .put("better_shorter", lengths.shorter())
        .put("equal", lengths.equal());
    json.put("questions", summary.items());
    json.putObject("images")
        .put("count", summary.images())
        .put("embedded", summary.embedded())
        .put("embedded_bytes", summary.imageBytes());
    ObjectNode dropped = json.putObject("no_sample");
    sorted(summary.nothing())
        .forEach(
            entry -> dropped.put(entry.getKey().name().toLowerCase(Locale.ROOT), entry.getValue()));
    json.put("damaged", summary.bad().rows());
    summary.bad().first().forEach(json.putArray("complaints")::add);
    return json;
  }
}
