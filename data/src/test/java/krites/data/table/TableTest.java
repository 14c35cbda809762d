package krites.data.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TableTest {
  @TempDir Path folder;

  @Test
  void linesAreFoundAgainByTheirPosition() throws IOException {
    List<String> seen =
        rows("rows.jsonl", "{\"a\":\"é\"}\r\n\n  \n{\"a\":\"日本\"}\n{\"a\":3}", "JSON Lines");
    assertEquals(List.of("1 {\"a\":\"é\"}", "4 {\"a\":\"日本\"}", "5 {\"a\":3}"), seen);
  }

  @Test
  void aLineThatIsTooLongCostsItselfAlone() throws IOException {
    List<String> seen =
        rows("long.jsonl", "{\"a\":1}\n" + "x".repeat(17 << 20) + "\n{\"a\":2}", "JSON Lines");
    assertEquals(List.of("1 {\"a\":1}", "2 is longer than 16777216 bytes", "3 {\"a\":2}"), seen);
  }

  @Test
  void aListAndAnObjectOfRowsAreOneDocument() throws IOException {
    assertEquals(
        List.of("1 {\"a\":\"é\"}", "2 {\"a\":[2]}"),
        rows("list.json", "\n[ {\"a\":\"é\"},\n  {\"a\":[2]} ]\n", "JSON"));
    assertEquals(
        List.of("1 {\"a\":\"é\"}", "2 {\"a\":2}"),
        rows("map.json", "{\"7\": {\"a\":\"é\"}, \"8\" : {\"a\":2}}", "JSON"));
    assertEquals(List.of(), rows("none.json", "[]", "JSON"));
    assertEquals(
        List.of("1 {\"a\":1}", "2 {\"a\":2}"),
        rows("lines.json", "{\"a\":1}\n{\"a\":2}\n", "JSON Lines"));
  }

  @Test
  void aDamagedDocumentIsReadUpToTheDamage() throws IOException {
    assertEquals(
        List.of(
            "1 {\"a\":1}",
            "2 expected a JSON object",
            "3 {\"a\":3}",
            "4 the document ends in the middle; all rows from here on are lost"),
        rows("cut.json", "[{\"a\":1}, 5, {\"a\":3}", "JSON").stream()
            .map(
                said ->
                    said.replaceAll(
                        "not JSON at column \\d+: Unexpected end-of-input.*; all",
                        "the document ends in the middle; all"))
            .toList());
    List<String> broken = rows("broken.json", "[{\"a\":1}, {\"a\":}, {\"a\":3}]", "JSON");
    assertEquals(2, broken.size());
    assertTrue(broken.getLast().startsWith("2 not JSON at column"), broken.toString());
    assertTrue(broken.getLast().endsWith("all rows from here on are lost"), broken.toString());
  }

  @Test
  void aFolderHasTheShardsOfItsFirstKind() throws IOException {
    Files.createDirectories(folder.resolve("set/data"));
    for (String name :
        List.of("data/train-1.jsonl", "data/train-0.jsonl", "test.jsonl", "x.json")) {
      Files.writeString(folder.resolve("set").resolve(name), "{}");
    }
    String set = folder.resolve("set").toString();
    assertEquals(
        List.of("data/train-0.jsonl", "data/train-1.jsonl", "test.jsonl"), names(Shards.of(set)));
    assertEquals(
        List.of("data/train-0.jsonl", "data/train-1.jsonl"), names(Shards.of(set + "@train")));
    assertThrows(IOException.class, () -> Shards.of(set + "@none"));
    assertThrows(NoSuchFileException.class, () -> Shards.of(set + "s"));
  }

  private List<String> names(List<Path> files) {
    return files.stream()
        .map(file -> folder.resolve("set").relativize(file).toString().replace('\\', '/'))
        .toList();
  }

  /** What a pass gives, each row having been read again by its position. */
  private List<String> rows(String name, String text, String container) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    List<String> said = new ArrayList<>();
    try (Table table = Table.open(file);
        Table.Scan scan = table.scan()) {
      assertEquals(container, table.container());
      while (scan.hasNext()) {
        switch (scan.next()) {
          case RowRead.Row row -> {
            assertEquals(row.cells(), table.row(row.position(), _ -> true));
            said.add(row.number() + " " + row.cells());
          }
          case RowRead.Unreadable bad -> said.add(bad.number() + " " + bad.problem());
        }
      }
      assertTrue(scan.done() <= Math.max(table.size(), 1), "done " + scan.done());
    }
    return said;
  }
}
