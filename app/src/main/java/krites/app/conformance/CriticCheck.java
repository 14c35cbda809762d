package krites.app.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import krites.data.DatasetException;
import krites.data.DatasetReader;
import krites.data.RowOutcome;
import krites.data.format.PairText;
import krites.data.format.Sample;

/**
 * Critic benchmarks as files: all of {@code critic/} is read, and three critics that look at
 * letters alone must score on VL-RewardBench and MM-RLHF RewardBench what {@code
 * expected_baselines.json} says. Counts and groups must be equal; accuracies to the digits of the
 * file.
 */
public final class CriticCheck implements ConformanceCheck {
  private static final String LIST = "expected_baselines.json";
  private static final double DIGITS = 1e-6;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Whether the chosen response wins. */
  private static final Map<String, Predicate<PairText.Fields>> RULES = rules();

  private static Map<String, Predicate<PairText.Fields>> rules() {
    Map<String, Predicate<PairText.Fields>> rules = new LinkedHashMap<>();
    rules.put("longer_response_wins", text -> letters(text.first()) > letters(text.second()));
    rules.put("shorter_response_wins", text -> letters(text.first()) < letters(text.second()));
    rules.put("even_sha1_of_chosen", text -> firstByteOfSha1(text.first()) % 2 == 0);
    return rules;
  }

  private static int letters(String text) {
    return text.codePointCount(0, text.length());
  }

  private static int firstByteOfSha1(String text) {
    try {
      return MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8))[0];
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-1", e);
    }
  }

  @Override
  public String name() {
    return "critic";
  }

  @Override
  public boolean appliesTo(Path directory) {
    return Files.isDirectory(directory.resolve(name()));
  }

  @Override
  public void run(Path directory, Consumer<CaseResult> results) throws IOException {
    new SampleFilesCheck(name(), false).run(directory, results);
    Path folder = directory.resolve(name());
    if (!Files.exists(folder.resolve(LIST))) {
      return;
    }
    try {
      JsonNode list = JSON.readTree(Files.readAllBytes(folder.resolve(LIST))).path("results");
      for (var rule : list.properties()) {
        Predicate<PairText.Fields> wins = RULES.get(rule.getKey());
        if (wins == null) {
          results.accept(
              CaseResult.notChecked(name(), LIST, rule.getKey(), "a rule that is not known"));
          continue;
        }
        for (var benchmark : rule.getValue().properties()) {
          benchmark(folder, rule.getKey(), wins, benchmark, results);
        }
      }
    } catch (JsonProcessingException e) {
      results.accept(
          CaseResult.failed(name(), LIST, "list", "not JSON: " + e.getOriginalMessage()));
    }
  }

  private void benchmark(
      Path folder,
      String rule,
      Predicate<PairText.Fields> wins,
      Map.Entry<String, JsonNode> benchmark,
      Consumer<CaseResult> results) {
    String caseName = benchmark.getKey() + " " + rule;
    Path file = folder.resolve(benchmark.getKey() + ".jsonl");
    try {
      List<Sample.Pair> pairs = pairs(file);
      JsonNode golden = benchmark.getValue();
      if (golden.has("groups")) {
        groups(caseName, golden, pairs, wins, results);
      } else {
        categories(caseName, golden, pairs, wins, results);
      }
    } catch (DatasetException e) {
      results.accept(CaseResult.failed(name(), caseName, "file", String.valueOf(e.getMessage())));
    }
  }

  private static List<Sample.Pair> pairs(Path file) {
    List<Sample.Pair> pairs = new ArrayList<>();
    try (DatasetReader reader = DatasetReader.open(file.toString(), Optional.empty())) {
      reader.read(
          outcome -> {
            if (outcome instanceof RowOutcome.Read read) {
              read.samples().forEach(sample -> pairs.add((Sample.Pair) sample));
            }
          },
          (_, _) -> {});
    }
    return pairs;
  }

  /** How many of some pairs a rule gets right. */
  private record Score(long correct, long total) {
    static Score of(List<Sample.Pair> pairs, Predicate<PairText.Fields> wins) {
      return new Score(
          pairs.stream().filter(pair -> wins.test(pair.text().fields().orElseThrow())).count(),
          pairs.size());
    }

    double accuracy() {
      return (double) correct / total;
    }
  }

  private void groups(
      String caseName,
      JsonNode golden,
      List<Sample.Pair> pairs,
      Predicate<PairText.Fields> wins,
      Consumer<CaseResult> results) {
    double sum = 0;
    for (var group : golden.path("groups").properties()) {
      Score score = Score.of(tagged(pairs, "group", group.getKey()), wins);
      compare(caseName, "groups." + group.getKey(), group.getValue(), score, results);
      sum += score.accuracy();
    }
    Score overall = Score.of(pairs, wins);
    compare(caseName, "overall", golden.path("overall"), overall, results);
    close(
        caseName,
        "overall.accuracy",
        golden.path("overall").path("accuracy").asDouble(),
        overall.accuracy(),
        results);
    close(
        caseName,
        "macro",
        golden.path("macro").asDouble(),
        sum / golden.path("groups").size(),
        results);
  }

  private void categories(
      String caseName,
      JsonNode golden,
      List<Sample.Pair> pairs,
      Predicate<PairText.Fields> wins,
      Consumer<CaseResult> results) {
    compare(caseName, "acc", golden.path("acc"), Score.of(pairs, wins), results);
    Map<String, List<Sample.Pair>> byId = new LinkedHashMap<>();
    pairs.forEach(pair -> byId.computeIfAbsent(pair.id(), _ -> new ArrayList<>()).add(pair));
    long whole =
        byId.values().stream()
            .map(group -> Score.of(group, wins))
            .filter(score -> score.correct() == score.total())
            .count();
    compare(caseName, "acc_plus", golden.path("acc_plus"), new Score(whole, byId.size()), results);
    for (var category : golden.path("categories").properties()) {
      Score score = Score.of(tagged(pairs, "category", category.getKey()), wins);
      compare(caseName, "categories." + category.getKey(), category.getValue(), score, results);
    }
  }

  private static List<Sample.Pair> tagged(List<Sample.Pair> pairs, String tag, String value) {
    return pairs.stream().filter(pair -> value.equals(pair.tags().get(tag))).toList();
  }

  private void compare(
      String caseName, String item, JsonNode golden, Score seen, Consumer<CaseResult> results) {
    long correct = golden.path("correct").asLong(-1);
    long total = golden.path("total").asLong(-1);
    long difference = Math.abs(correct - seen.correct()) + Math.abs(total - seen.total());
    String note =
        difference == 0
            ? seen.correct() + " of " + seen.total()
            : "expected " + correct + " of " + total + ", seen " + seen;
    results.accept(new CaseResult(name(), caseName, item, difference, 0, difference == 0, note));
  }

  private void close(
      String caseName, String item, double golden, double seen, Consumer<CaseResult> results) {
    results.accept(CaseResult.of(name(), caseName, item, Math.abs(golden - seen), DIGITS));
  }
}
