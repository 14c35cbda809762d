package krites.data.parquet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The samples are NLVR rows (Suhr et al., ACL 2017, CC BY 4.0) written by pyarrow in the layouts of
 * public sets; expected.json lists every cell.
 */
final class ParquetFileTest {
  private static final Path SAMPLES = Path.of("src", "test", "resources", "parquet");
  private static final int FUZZ_ROUNDS = Integer.getInteger("krites.fuzz.rounds", 150);

  @TempDir Path folder;

  static Stream<Map.Entry<String, JsonNode>> samples() throws IOException {
    return expected().properties().stream();
  }

  private static JsonNode expected() throws IOException {
    return new ObjectMapper().readTree(SAMPLES.resolve("expected.json").toFile());
  }

  @ParameterizedTest
  @MethodSource("samples")
  void everyCellOfTheSamplesIsReadInOrderAndByNumber(Map.Entry<String, JsonNode> sample)
      throws IOException {
    JsonNode expected = sample.getValue();
    try (ParquetFile file = ParquetFile.open(SAMPLES.resolve(sample.getKey()))) {
      assertEquals(expected.get("rows").asLong(), file.rows());
      assertEquals(expected.get("row_groups").asInt(), file.rowGroups());
      assertEquals(expected.get("codec").asText(), file.codec());
      assertEquals(expected.get("columns").toString(), quoted(file.columns()));
      ParquetFile.Rows rows = file.read();
      for (JsonNode row : expected.get("data")) {
        assertEquals(row, digested(rows.next()), () -> "row " + rows.position());
      }
      assertFalse(rows.hasNext());
      for (long i = file.rows() - 1; i >= 0; i--) {
        assertEquals(expected.get("data").get((int) i), digested(file.row(i, _ -> true)));
      }
    }
  }

  @Test
  void oneColumnOfOneRowIsRead() throws IOException {
    try (ParquetFile file =
        ParquetFile.open(SAMPLES.resolve("policy_images_list_snappy.parquet"))) {
      ObjectNode row = file.row(33, "images"::equals);
      assertEquals(
          expected().at("/policy_images_list_snappy.parquet/data/33/images"),
          digested(row).get("images"));
      assertEquals(1, row.size());
      assertEquals(
          "has no row 41, it has 40",
          assertThrows(IOException.class, () -> file.row(40, _ -> true)).getMessage());
    }
  }

  @Test
  void whatIsNoParquetFileIsSaid() throws IOException {
    assertTrouble(new byte[3], "is no Parquet file: it has 3 bytes");
    byte[] whole = Files.readAllBytes(SAMPLES.resolve("critic_grpo_gzip.parquet"));
    assertTrouble(Arrays.copyOf(whole, whole.length / 2), "it does not end with PAR1");
    byte[] footer = whole.clone();
    footer[footer.length - 5] = 0x7F;
    assertTrouble(footer, "its footer claims");
  }

  @Test
  void aDamagedPageCostsItsRowGroupAndNoMore() throws IOException {
    byte[] bytes = Files.readAllBytes(SAMPLES.resolve("critic_grpo_snappy.parquet"));
    Arrays.fill(bytes, 4, 40, (byte) 0xA5); // the first page's header
    Path damaged = Files.write(folder.resolve("damaged.parquet"), bytes);
    try (ParquetFile file = ParquetFile.open(damaged)) {
      ParquetFile.Rows rows = file.read();
      int read = 0;
      int troubles = 0;
      while (rows.hasNext()) {
        try {
          rows.next();
          read++;
        } catch (IOException e) {
          troubles++;
          assertTrue(e.getMessage().startsWith("row group 1 cannot be decoded"), e.getMessage());
        }
      }
      assertEquals(1, troubles);
      assertTrue(read >= 35 && read < 60, "read " + read);
    }
  }

  @Test
  void damagedBytesGiveRowsOrOneExceptionAndNothingElse() throws IOException {
    List<String> names = List.of("critic_grpo_zstd_v2.parquet", "critic_grpo_gzip.parquet");
    for (int seed = 0; seed < FUZZ_ROUNDS; seed++) {
      Random random = new Random(seed * 0x9E3779B97F4A7C15L);
      byte[] bytes = Files.readAllBytes(SAMPLES.resolve(names.get(seed % 2)));
      int at =
          random.nextInt(3) == 0
              ? bytes.length - 1 - random.nextInt(2500)
              : random.nextInt(bytes.length);
      for (int i = 0; i < 1 + random.nextInt(4); i++) {
        bytes[Math.min(bytes.length - 1, at + i)] ^= (byte) (1 << random.nextInt(8));
      }
      Path damaged = Files.write(folder.resolve("fuzz.parquet"), bytes);
      try (ParquetFile file = ParquetFile.open(damaged)) {
        ParquetFile.Rows rows = file.read();
        while (rows.hasNext() && rows.position() < 1000) {
          rows.next();
        }
        file.row(3, _ -> true);
      } catch (IOException expected) {
        assertFalse(String.valueOf(expected.getMessage()).isBlank());
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    Path copy = folder.resolve("copy.parquet");
    for (String name :
        List.of(
            "policy_images_list_snappy.parquet",
            "llava_critic_113k_layout_snappy.parquet",
            "vl_rewardbench_layout_snappy.parquet")) {
      try (ParquetFile original = ParquetFile.open(SAMPLES.resolve(name))) {
        try (ParquetWriter writer = new ParquetWriter(copy, original.schema())) {
          for (ParquetFile.Rows rows = original.read(); rows.hasNext(); ) {
            writer.add(rows.next());
          }
        }
        try (ParquetFile written = ParquetFile.open(copy)) {
          assertEquals(original.rows(), written.rows());
          for (long i = original.rows() - 1; i >= 0; i--) {
            assertEquals(original.row(i, _ -> true), written.row(i, _ -> true));
          }
        }
      }
    }
  }

  private void assertTrouble(byte[] bytes, String expected) throws IOException {
    Path file = Files.write(folder.resolve("broken.parquet"), bytes);
    String said = assertThrows(IOException.class, () -> ParquetFile.open(file)).getMessage();
    assertTrue(said.contains(expected), said);
  }

  private static String quoted(List<String> names) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    names.forEach(array::add);
    return array.toString();
  }

  /** The same tree with bytes as the sample list gives them: digest and length. */
  static JsonNode digested(JsonNode node) throws IOException {
    if (node.isBinary()) {
      try {
        byte[] bytes = node.binaryValue();
        return JsonNodeFactory.instance
            .objectNode()
            .put(
                "sha256",
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)))
            .put("length", bytes.length);
      } catch (NoSuchAlgorithmException e) {
        throw new AssertionError(e);
      }
    }
    if (node.isLong()) {
      return new ObjectMapper().readTree(node.toString());
    }
    if (node.isArray()) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      for (JsonNode item : node) {
        array.add(digested(item));
      }
      return array;
    }
    if (node.isObject()) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      for (var field : node.properties()) {
        object.set(field.getKey(), digested(field.getValue()));
      }
      return object;
    }
    return node;
  }
}
