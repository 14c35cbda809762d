package krites.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Making, exporting and looking at model directories, by the command line. */
final class ModelCommandTest {
  @TempDir Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void anExportOfUnchangedWeightsIsTheSameDirectoryByteForByte() throws IOException {
    Path model = SmallDirectories.sharded(folder.resolve("model"));
    Path copy = folder.resolve("copy");

    assertEquals(
        ExitCode.OK, krites("model", "export", model.toString(), "--out", copy.toString()), err());

    assertSameFiles(model, copy);
  }

  @Test
  void widenedAndNarrowedAgainItIsStillTheSame() throws IOException {
    Path model = SmallDirectories.sharded(folder.resolve("model"));
    Path wide = folder.resolve("wide");
    Path back = folder.resolve("back");

    krites("model", "export", model.toString(), "--out", wide.toString(), "--dtype", "f32");
    krites(
        "model", "export", wide.toString(), "--like", model.toString(), "--out", back.toString());

    assertEquals("", err());
    assertTrue(Files.readString(wide.resolve("config.json")).contains("\"float32\""));
    assertEquals(
        2 * info(model).get("files").get(1).get("bytes").asLong() / 100_000,
        info(wide).get("files").get(1).get("bytes").asLong() / 100_000,
        "twice as large, in the same shards");
    assertSameFiles(model, back);
  }

  @Test
  void theContentDigestDoesNotDependOnShardsOrNaming() throws IOException {
    JsonNode shards = info(SmallDirectories.sharded(folder.resolve("model")), "--hash");
    JsonNode nested =
        info(
            SmallDirectories.sharded(
                folder.resolve("nested"),
                SmallDirectories.renamed(
                    name -> name.startsWith("visual.") ? "model." + name : name)),
            "--hash");
    JsonNode single = info(SmallDirectories.SHIPPED, "--hash");

    assertEquals(single.get("content_sha256"), shards.get("content_sha256"));
    assertEquals(single.get("content_sha256"), nested.get("content_sha256"));
    assertEquals(3, shards.get("files").size());
    assertNotEquals(
        single.get("files").get(0).get("sha256"), shards.get("files").get(0).get("sha256"));
  }

  @Test
  void theInfoOfTheShippedBaseIsRight() throws IOException {
    JsonNode info = info(SmallDirectories.SHIPPED);

    assertEquals(1_055_072, info.get("parameters").asLong());
    long sum = 0;
    for (JsonNode part : info.get("parameters_by_part")) {
      sum += part.asLong();
    }
    assertEquals(1_055_072, sum);
    assertEquals(512 * 128, info.get("parameters_by_part").get("embedding").asLong());
    assertEquals(68, info.get("tensors_by_dtype").get("BF16").asInt());
  }

  @Test
  void randomWeightsDependOnTheSeedAloneAndKeepTheShards() throws IOException {
    Path model = SmallDirectories.sharded(folder.resolve("model"));
    try (Stream<Path> files = Files.list(model)) {
      for (Path shard : files.filter(file -> file.toString().endsWith(".safetensors")).toList()) {
        Files.delete(shard);
      }
    }
    String like = model.toString();

    for (String seed : List.of("1", "2")) {
      for (String name : List.of("a", "b")) {
        Path target = folder.resolve(name + seed);
        assertEquals(
            ExitCode.OK,
            krites("model", "init", "--like", like, "--seed", seed, "--out", target.toString()),
            err());
      }
    }

    assertSameFiles(folder.resolve("a1"), folder.resolve("b1"));
    assertNotEquals(
        info(folder.resolve("a1"), "--hash").get("content_sha256"),
        info(folder.resolve("a2"), "--hash").get("content_sha256"));
    assertEquals(
        Files.readString(model.resolve("model.safetensors.index.json")),
        Files.readString(folder.resolve("a1").resolve("model.safetensors.index.json")));
    assertEquals(3, info(folder.resolve("a1")).get("files").size());
  }

  @Test
  void theBytesOfSeedOneAreKnown() throws IOException {
    Path target = folder.resolve("a");
    krites(
        "model", "init", "--like", SmallDirectories.SHIPPED.toString(), "--out", target.toString());

    assertEquals(
        "47145e337aa620ace45ce6721e1bcbbacf261b5166833ef35028a9ff1aa0e914",
        info(target, "--hash").get("content_sha256").asText(),
        "init promises the same bytes on every machine and in every version");
  }

  @Test
  void whatIsThereIsNotOverwritten() throws IOException {
    Path taken = Files.createDirectory(folder.resolve("taken"));
    Path file = Files.writeString(taken.resolve("notes.txt"), "mine");
    String shipped = SmallDirectories.SHIPPED.toString();

    assertEquals(
        ExitCode.INPUT, krites("model", "init", "--like", shipped, "--out", taken.toString()));
    assertEquals(ExitCode.INPUT, krites("model", "export", shipped, "--out", taken.toString()));

    assertEquals("mine", Files.readString(file));
    Files.delete(file);
    assertEquals(ExitCode.OK, krites("model", "export", shipped, "--out", taken.toString()), err());
  }

  @Test
  void aGroupWithoutAVerbIsBadInput() {
    assertEquals(ExitCode.INPUT, krites("model"));
    assertEquals(
        "krites: expected one of info, export, init (see krites model --help)", err().strip());
  }

  private JsonNode info(Path model, String... more) throws IOException {
    out.reset();
    String[] line =
        Stream.concat(Stream.of("model", "info", model.toString(), "--json"), Stream.of(more))
            .toArray(String[]::new);
    assertEquals(ExitCode.OK, krites(line), err());
    return new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
  }

  private static void assertSameFiles(Path one, Path other) throws IOException {
    try (Stream<Path> files = Files.list(one);
        Stream<Path> others = Files.list(other)) {
      List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
      assertEquals(names, others.map(file -> file.getFileName().toString()).sorted().toList());
      for (String name : names) {
        assertEquals(-1, Files.mismatch(one.resolve(name), other.resolve(name)), name);
      }
    }
  }

  private int krites(String... args) {
    return Main.run(
        Main.Verbs.real(), new PrintStream(out, true), new PrintStream(err, true), args);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
