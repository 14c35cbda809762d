package krites.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import krites.data.format.ImageKind;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Task;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Orders, ties, shards and images within rows, over the Parquet samples (NLVR, CC BY 4.0). */
final class PromptOrderTest {
  private static final Path SAMPLES = Path.of("src", "test", "resources", "parquet");
  private static final String TAIL = "Box it.";

  @TempDir Path folder;

  @Test
  void theCriticSetIsShownLetterByLetterWithItsImagesWithinTheRows() throws IOException {
    PreferenceDataset dataset =
        read("critic_grpo_snappy.parquet", PromptSettings.of(TAIL, TiePolicy.DROP));
    assertEquals(60, dataset.size());
    Prompt prompt = dataset.prompt(59);
    assertEquals(prompt, dataset.prompt(59));
    assertEquals(Task.CRITIC, prompt.task());
    assertTrue(
        prompt.text().startsWith("<image>Given an image and a corresponding question"),
        prompt.text());
    assertTrue(prompt.text().endsWith("] Box it."), prompt.text());
    try (EmbeddedImages images = new EmbeddedImages()) {
      byte[] bytes = images.read(prompt.images().getFirst());
      assertEquals(Optional.of(ImageKind.PNG), ImageKind.of(bytes));
      assertArrayEquals(bytes, new EmbeddedImages().read(prompt.images().getFirst()));
      assertThrows(
          IOException.class,
          () ->
              images.read(
                  new ImageRef(prompt.images().getFirst().name().replace("image", "none"))));
    }
  }

  @Test
  void allShardsOfAFolderAreOneSet() throws IOException {
    Files.createDirectories(folder.resolve("data"));
    for (String part : List.of("gzip", "zstd_v2")) {
      Files.copy(
          SAMPLES.resolve("critic_grpo_" + part + ".parquet"),
          folder.resolve("data/train-" + part + ".parquet"));
    }
    Files.writeString(folder.resolve("data/test-0.parquet"), "not looked at");
    PreferenceDataset dataset =
        PreferenceDataset.read(
            folder + "@train", DatasetSettings.of(TAIL, TiePolicy.DROP), (_, _) -> {});
    assertEquals(20, dataset.size());
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      ids.add(dataset.prompt(i).id());
    }
    assertEquals(20, ids.stream().distinct().count());
    assertTrue(dataset.prompt(15).images().getFirst().name().contains("zstd_v2"));
  }

  @Test
  void randomOrderIsDrawnByTheSeedAndRecorded() {
    PromptSettings seven = new PromptSettings(TAIL, TiePolicy.DROP, PairOrder.RANDOM, false, 7);
    PromptSettings eight = new PromptSettings(TAIL, TiePolicy.DROP, PairOrder.RANDOM, false, 8);
    String name = "critic_grpo_snappy.parquet";
    PreferenceDataset file = read(name, PromptSettings.of(TAIL, TiePolicy.DROP));
    PreferenceDataset drawn = read(name, seven);
    int exchanged = 0;
    int unlike = 0;
    for (int i = 0; i < 60; i++) {
      Prompt prompt = drawn.prompt(i);
      assertEquals(prompt, read(name, seven).prompt(i));
      boolean swapped = prompt.tags().get("order").equals("exchanged");
      assertEquals(
          swapped, !prompt.answer().equals(file.prompt(i).answer()), "the label goes along");
      assertEquals(swapped, !prompt.text().equals(file.prompt(i).text()));
      exchanged += swapped ? 1 : 0;
      unlike += prompt.equals(read(name, eight).prompt(i)) ? 0 : 1;
    }
    assertTrue(exchanged > 15 && exchanged < 45, "exchanged " + exchanged);
    assertTrue(unlike > 10, "unlike " + unlike);
  }

  @Test
  void bothOrdersShowEveryPairTwice() {
    PreferenceDataset both =
        read(
            "llava_critic_113k_layout_snappy.parquet",
            new PromptSettings(TAIL, TiePolicy.DROP, PairOrder.FILE, true, 0));
    assertEquals(40, both.size());
    assertEquals(both.prompt(0).id() + "/exchanged", both.prompt(1).id());
    assertNotEquals(both.prompt(0).answer(), both.prompt(1).answer());
    assertEquals(both.prompt(0).images(), both.prompt(1).images());
  }

  @Test
  void chosenAndRejectedAreNeverShownInThatOrderAlone() throws IOException {
    Files.write(folder.resolve("p.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G'});
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      rows.append(
          "{\"id\":\"twice\",\"image\":\"p.png\",\"prompt\":\"q%d\",\"chosen\":\"good\",\"rejected\":\"bad\"}\n"
              .formatted(i));
    }
    Path file = Files.writeString(folder.resolve("rows.jsonl"), rows);
    PreferenceDataset dataset = PreferenceDataset.read(file, TAIL, TiePolicy.DROP);
    int first = 0;
    for (int i = 0; i < 200; i++) {
      Prompt prompt = dataset.prompt(i);
      boolean one = prompt.answer().equals("1");
      first += one ? 1 : 0;
      assertEquals(one, prompt.text().indexOf("good") < prompt.text().indexOf("bad"));
      assertEquals(i == 0 ? "twice" : "twice~" + (i + 1), prompt.id());
    }
    assertTrue(first > 70 && first < 130, "first " + first);
  }

  @Test
  void tiesMayBeAThirdAnswerOrMapped() throws IOException {
    String row =
        "{\"images\":[],\"question\":\"q\",\"response_1\":\"x\",\"response_2\":\"y\",\"preference\":\"%s\"}\n";
    Path file =
        Files.writeString(
            folder.resolve("ties.jsonl"), row.formatted("tie").repeat(40) + row.formatted("1"));
    assertEquals(1, ties(file, TiePolicy.DROP).size());
    PreferenceDataset third = ties(file, TiePolicy.TRAIN);
    assertEquals("tie", third.prompt(0).answer());
    assertEquals(
        "Question: [ q ] The first response: [ x ] The second response: [ y ] Which response is better?\n"
            + "If both are equally good, answer tie.\nBox it.",
        third.prompt(40).text(),
        "every pair offers it, so that the offer tells nothing");
    assertEquals("1", ties(file, TiePolicy.MAP_FIRST).prompt(3).answer());
    assertEquals("2", ties(file, TiePolicy.MAP_SECOND).prompt(3).answer());
    PreferenceDataset random = ties(file, TiePolicy.MAP_RANDOM);
    List<String> answers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      answers.add(random.prompt(i).answer());
    }
    assertEquals(2, answers.stream().distinct().count());
  }

  private static PreferenceDataset ties(Path file, TiePolicy policy) {
    return PreferenceDataset.read(file, TAIL, policy);
  }

  @Test
  void aFolderOfFramesIsAVideo() throws IOException {
    Path frames = Files.createDirectories(folder.resolve("video/a"));
    for (int i = 0; i < 20; i++) {
      Files.write(frames.resolve("%03d.png".formatted(i)), new byte[] {(byte) 0x89, 'P', 'N', 'G'});
    }
    Path file =
        Files.writeString(
            folder.resolve("video.jsonl"),
            "{\"id\":\"v\",\"video\":\"video/a\",\"prompt\":\"q\",\"chosen\":\"x\",\"rejected\":\"y\"}");
    Prompt prompt = PreferenceDataset.read(file, TAIL, TiePolicy.DROP).prompt(0);
    assertEquals(8, prompt.images().size());
    assertTrue(prompt.images().get(1).name().endsWith("002.png"), prompt.images().toString());
    assertEquals("video", prompt.tags().get("category"));
  }

  @Test
  void aDamagedParquetFileStopsOrCostsItsRowGroup() throws IOException {
    byte[] bytes = Files.readAllBytes(SAMPLES.resolve("critic_grpo_snappy.parquet"));
    Arrays.fill(bytes, 4, 40, (byte) 0xA5);
    Path file = Files.write(folder.resolve("rows.parquet"), bytes);
    String said =
        assertThrows(
                DatasetException.class, () -> PreferenceDataset.read(file, TAIL, TiePolicy.DROP))
            .getMessage();
    assertTrue(said.contains("row group 1 cannot be decoded from row 1 on"), said);
    PreferenceDataset rest =
        PreferenceDataset.read(
            file.toString(),
            new DatasetSettings(
                PromptSettings.of(TAIL, TiePolicy.DROP),
                Optional.empty(),
                Optional.empty(),
                BadRows.SKIP),
            (_, _) -> {});
    assertEquals(60, rest.counts().rows());
    assertEquals(60, rest.size() + rest.counts().bad().rows());
    assertTrue(rest.size() >= 35, "kept " + rest.size());
  }

  private static PreferenceDataset read(String name, PromptSettings settings) {
    return PreferenceDataset.read(
        SAMPLES.resolve(name).toString(),
        new DatasetSettings(settings, Optional.empty(), Optional.empty(), BadRows.STOP),
        (_, _) -> {});
  }
}
