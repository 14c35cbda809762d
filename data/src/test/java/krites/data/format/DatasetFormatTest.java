package krites.data.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import krites.grpo.Label;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class DatasetFormatTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource({
    "The first response,The second response",
    "Response 1,Response 2",
    "Response A,Response B"
  })
  void threeHeaderSpellingsAreTakenApartAndExchanged(String first, String second) {
    String text =
        "Judge. Question: [Why [a]?]\n" + first + ": [x [1] y]\n" + second + ": [z]\nASSISTANT:\n";
    PairText.Whole whole = new PairText.Whole(text);
    assertEquals(Optional.of(new PairText.Fields("Why [a]?", "x [1] y", "z")), whole.fields());
    PairText exchanged = whole.exchanged().orElseThrow();
    assertEquals(
        new PairText.Whole(
            "Judge. Question: [Why [a]?]\n"
                + first
                + ": [z]\n"
                + second
                + ": [x [1] y]\nASSISTANT:\n"),
        exchanged);
    assertEquals(Optional.of(whole), exchanged.exchanged());
  }

  @Test
  void aTextWithoutBothResponsesIsNotTakenApart() {
    assertEquals(Optional.empty(), new PairText.Whole("Question: [q] Response 1: [x]").fields());
    assertEquals(
        Optional.empty(),
        new PairText.Whole("Question: [q] Response 1: [x] Response B: [y]").fields());
    assertEquals(Optional.empty(), new PairText.Whole("Which is better?").exchanged());
  }

  @ParameterizedTest
  @CsvSource({
    "first,FIRST",
    "second,SECOND",
    "1,FIRST",
    "2,SECOND",
    "A,FIRST",
    "B,SECOND",
    "SECOND,SECOND"
  })
  void sixVerdictSpellingsAreReadAndTheRationaleIsNot(String spelling, Label label)
      throws IOException {
    Sample.Pair pair =
        pair(
            new LlavaCritic(),
            critic(
                "The first response is equally good at colours.\nThe better response: ["
                    + spelling
                    + "]"));
    assertEquals(label, pair.label());
    assertEquals(Optional.of(new PairText.Fields("q", "x", "y")), pair.text().fields());
  }

  @Test
  void aTieIsReadNearTheEndAlone() throws IOException {
    assertEquals(
        Label.TIE, pair(new LlavaCritic(), critic("Hm. Both responses are Equally Good.")).label());
    assertEquals(
        new RowMeaning.Nothing(RowMeaning.Reason.NO_VERDICT),
        new LlavaCritic().read(critic("Both are equally good at first. " + "z".repeat(300))));
  }

  private static Cells critic(String answer) throws IOException {
    ObjectNode row = JSON.createObjectNode().put("id", "a").put("image", "p.png");
    var turns = row.putArray("conversations");
    turns
        .addObject()
        .put("from", "human")
        .put("value", "<image>\nQuestion: [q]\nResponse A: [x]\nResponse B: [y]\n");
    turns.addObject().put("from", "gpt").put("value", answer);
    return new Cells(row, 1);
  }

  @Test
  void pointwiseRowsHideTwoKindsOfPairs() throws IOException {
    assertEquals(
        Label.SECOND,
        hidden(
                "[Question]\nq\n\n[Assistant 1]\nx\n\n[End of Assistant 1]\n\n[Assistant 2]\ny\n\n[End of Assistant 2]",
                "7 9\nThe second is fuller.")
            .label());
    String arena =
        "<|User Prompt|>\nq\n\n<|The Start of Assistant A's Answer|>\nx\n<|The End of Assistant A's Answer|>\n\n<|The Start of Assistant B's Answer|>\ny\n<|The End of Assistant B's Answer|>";
    assertEquals(Label.TIE, hidden(arena, "So, [[A=B]]").label());
    assertEquals(Label.FIRST, hidden(arena, "[[B>A]]? No: [[A>>B]]").label());
    assertEquals(
        new RowMeaning.Nothing(RowMeaning.Reason.NO_PAIR),
        new LlavaCritic().read(asked("Describe it.", "Final Score: 3")));
  }

  private static Sample.Pair hidden(String question, String answer) throws IOException {
    Sample.Pair pair = pair(new LlavaCritic(), asked(question, answer));
    assertEquals(new PairText.Fields("q", "x", "y"), pair.text());
    return pair;
  }

  private static Cells asked(String question, String answer) throws IOException {
    Cells row = critic(answer);
    ((ObjectNode) row.object().at("/conversations/0")).put("value", question);
    return row;
  }

  @Test
  void ratingsBecomePairsAndEqualMeansATie() throws IOException {
    String completion =
        "{\"model\":\"%s\",\"response\":\"%s\",\"annotations\":{\"Helpfulness\":{\"Rating\":\"%s\"},\"Visual Faithfulness\":{\"Rating\":\"%s\"},\"Ethical Considerations\":{\"Rating\":\"N/A\"}}}";
    Cells row =
        cells(
            "{\"id\":\"v\",\"prompt\":\"q\",\"img_path\":\"p.png\",\"completions\":["
                + String.join(
                    ",",
                    completion.formatted("m", "x", "5", "4"),
                    completion.formatted("n", "y", "4", "5"),
                    completion.formatted("o", "z", "2", "N/A"))
                + "]}");
    assertEquals(
        "v#1-2 TIE, v#1-3 FIRST, v#2-3 FIRST",
        samples(new VlFeedback(), row).stream()
            .map(sample -> sample.id() + " " + ((Sample.Pair) sample).label())
            .collect(Collectors.joining(", ")));
  }

  @Test
  void benchmarksAreGroupedAsTheirScorersDo() {
    assertEquals("hallucination", BenchmarkGroups.vlRewardBench("RLAIF-V_7"));
    assertEquals("hallucination", BenchmarkGroups.vlRewardBench("hallucination_pair-10032"));
    assertEquals("reasoning", BenchmarkGroups.vlRewardBench("mathverse_3-x"));
    assertEquals("general", BenchmarkGroups.vlRewardBench("wildvision-battle-1"));
    assertEquals("long", BenchmarkGroups.mmRlhf("long/073.png"));
  }

  @Test
  void imagesComeAsStructBytesListOrPath() throws IOException {
    byte[] png = {(byte) 0x89, 'P', 'N', 'G'};
    ObjectNode row = JSON.createObjectNode();
    row.putObject("a").put("path", "bare.png").put("bytes", png);
    row.put("b", png);
    row.putArray("c").addObject().putNull("bytes").put("path", "p.png");
    row.put("d", "q.png");
    Cells cells = new Cells(row, 1);
    assertEquals(List.of(new ImageCell.Embedded("a", 0, png)), cells.images("a"));
    assertEquals(List.of(new ImageCell.Embedded("b", 0, png)), cells.images("b"));
    assertEquals(List.of(new ImageCell.Named("c", "p.png")), cells.images("none", "c"));
    assertEquals(List.of(new ImageCell.Named("d", "q.png")), cells.images("d"));
    assertEquals(List.of(), cells.images("none"));
  }

  /** Keys of first rows as the sets' cards and repositories list them. */
  static Stream<List<String>> layouts() {
    return Stream.of(
        List.of("critic-grpo", "{\"question\":\"<image>Which?\",\"image\":1,\"answer\":\"1\"}"),
        List.of("krites", "{\"question\":\"Which?\",\"image\":\"p\",\"answer\":\"1\"}"),
        List.of("llava-critic", "{\"id\":1,\"source\":1,\"conversations\":[],\"image\":1}"),
        List.of(
            "rlhf-v",
            "{\"ds_name\":1,\"image\":1,\"text\":1,\"origin_dataset\":1,\"origin_split\":1,\"idx\":1,\"image_path\":1}"),
        List.of(
            "rlaif-v",
            "{\"ds_name\":1,\"image\":1,\"question\":1,\"chosen\":1,\"rejected\":1,\"idx\":1}"),
        List.of(
            "vlfeedback",
            "{\"id\":1,\"prompt\":1,\"models\":[],\"completions\":[],\"img_path\":1}"),
        List.of("r1-reward", "{\"message\":1,\"question\":1,\"answer\":[]}"),
        List.of(
            "vl-rewardbench",
            "{\"id\":1,\"query\":1,\"response\":[],\"image\":1,\"human_ranking\":[]}"),
        List.of(
            "chosen-rejected", "{\"id\":1,\"prompt\":1,\"chosen\":1,\"rejected\":1,\"video\":1}"),
        List.of(
            "multimodal-rewardbench",
            "{\"ID\":1,\"Category\":1,\"Image\":1,\"Text\":1,\"Output1\":1,\"Output2\":1,\"Better\":1}"),
        List.of(
            "multimodal-rewardbench-outputs",
            "{\"ID\":1,\"Image\":1,\"Label\":1,\"output\":1,\"Meta\":1}"),
        List.of("wildvision", "{\"question_id\":1,\"model\":1,\"judge\":1,\"games\":[]}"),
        List.of(
            "mllm-judge",
            "{\"id\":1,\"pair_id\":1,\"image_path\":1,\"instruction\":1,\"answer1\":{},\"answer2\":{},\"human_answer\":1}"),
        List.of("easyr1", "{\"images\":[],\"problem\":1,\"answer\":1}"),
        List.of(
            "mathvista",
            "{\"pid\":1,\"question\":1,\"image\":1,\"answer\":1,\"question_type\":1,\"answer_type\":1,\"query\":1}"),
        List.of(
            "nlvr", "{\"sentence\":1,\"label\":1,\"identifier\":1,\"directory\":1,\"evals\":{}}"),
        List.of("shapeworld", "{\"set\":1,\"world\":1,\"image\":1,\"captions\":[]}"));
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void everyLayoutIsToldByItsKeysAlone(List<String> layout) throws IOException {
    assertEquals(
        Optional.of(layout.getFirst()),
        DatasetFormat.sniff(cells(layout.getLast())).map(DatasetFormat::name));
  }

  @Test
  void everyFormatHasANameOfItsOwn() {
    assertEquals(
        DatasetFormat.ALL.size(),
        DatasetFormat.ALL.stream().map(DatasetFormat::name).distinct().count());
    DatasetFormat.ALL.forEach(
        format -> assertEquals(Optional.of(format), DatasetFormat.named(format.name())));
    assertTrue(DatasetFormat.named("none").isEmpty());
  }

  /** The schema is for editors and other programs; what is read is decided by the code. */
  @Test
  void thePublishedSchemaNamesTheKeysOfOurOwnFormat() throws IOException {
    try (InputStream in =
        DatasetFormatTest.class.getResourceAsStream("/krites/data/krites-dataset.schema.json")) {
      List<String> keys = new ArrayList<>();
      JSON.readTree(in).get("properties").fieldNames().forEachRemaining(keys::add);
      assertEquals(
          List.of(
              "id",
              "image",
              "images",
              "question",
              "prompt",
              "response",
              "response_1",
              "response_2",
              "preference",
              "answer",
              "tags"),
          keys);
    }
  }

  private static Cells cells(String json) throws IOException {
    return new Cells((ObjectNode) JSON.readTree(json), 1);
  }

  private static List<Sample> samples(DatasetFormat format, Cells row) {
    return ((RowMeaning.Samples) format.read(row)).samples();
  }

  private static Sample.Pair pair(DatasetFormat format, Cells row) {
    return (Sample.Pair) samples(format, row).getFirst();
  }
}
