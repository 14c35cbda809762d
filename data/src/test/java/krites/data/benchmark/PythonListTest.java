package krites.data.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonListTest {
  @Test
  void listsByHand() {
    assertEquals(List.of(), PythonList.read("[]"));
    assertEquals(List.of("$6", "it's", "a, b"), PythonList.read("['$6', \"it's\", 'a, b']"));
    assertEquals(List.of("x"), PythonList.read(" [ 'x' ,\n ] "));
    assertEquals(
        List.of("['A', \"it's\", [1]]", "-2.5e-07", "12", "None", "b"),
        PythonList.read("[['A', \"it's\", [1]], -2.5e-07, 12, None, 'b']"));
    assertEquals(List.of("[".repeat(19) + "]".repeat(19)), PythonList.read(nested(20)));
    assertEquals(
        List.of("\\frac{1}{2}", "\\sqrt"), PythonList.read("['\\\\frac{1}{2}', '\\sqrt']"));
    assertEquals(
        List.of("\t\u00e9\u20ac\ud83d\ude00 8\0", "a'\"b"),
        PythonList.read("['\\t\\xe9\\u20ac\\U0001f600\\x20\\70\\0', 'a\\'\\\"\\\nb']"));
  }

  @Test
  void listsAreNotReadToAnyDepth() {
    for (int depth : List.of(21, 100_000)) {
      var error =
          assertThrows(IllegalArgumentException.class, () -> PythonList.read(nested(depth)));
      assertEquals(
          "a list as Python prints it has no list so deep at place 22", error.getMessage());
    }
  }

  @Test
  void manyListsSideBySideAreNotDeep() {
    List<String> lists = Collections.nCopies(30, "[]");
    assertEquals(lists, PythonList.read("[" + String.join(", ", lists) + "]"));
  }

  private static String nested(int depth) {
    return "[".repeat(depth) + "]".repeat(depth);
  }

  /** What we print as Python prints it is read again. */
  @Test
  void whatPythonPrintsIsReadAgain() {
    String letters = "ab '\"\\\n\t\u0001\u00a0\u20ac,[]xu0";
    for (long seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      List<String> items = new ArrayList<>();
      for (int i = random.nextInt(5); i > 0; i--) {
        StringBuilder item = new StringBuilder();
        for (int k = random.nextInt(8); k > 0; k--) {
          item.append(letters.charAt(random.nextInt(letters.length())));
        }
        items.add(item.toString());
      }
      String printed =
          "[" + String.join(", ", items.stream().map(PythonListTest::printed).toList()) + "]";
      assertEquals(items, PythonList.read(printed), "seed " + seed + ": " + printed);
    }
  }

  /** Python's {@code repr}: single quotes, unless only those are in the text. */
  private static String printed(String text) {
    char quote = text.contains("'") && !text.contains("\"") ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    for (char letter : text.toCharArray()) {
      switch (letter) {
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\t' -> out.append("\\t");
        case '\u0001', '\u00a0' -> out.append(String.format("\\x%02x", (int) letter));
        default -> out.append(letter == quote ? "\\" : "").append(letter);
      }
    }
    return out.append(quote).toString();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|'[' at place 1",
        "x|'[' at place 1",
        "[|a text in quotes at place 2",
        "[x]|a text in quotes at place 2",
        "[1x]|',' at place 3",
        "[['a']|',' at place 7",
        "[['a]]|the closing ' at place 7",
        "['a' 'b']|',' at place 6",
        "['a'|',' at place 5",
        "['a']x|the end at place 6",
        "['a|the closing ' at place 4",
        "['a\\|a letter behind the backslash at place 5",
        "['\\x4']|2 hexadecimal digits at place 6",
        "['\\U00110000']|the number of a letter before this place at place 13",
        "['\\N{DASH}']|no letter by its name at place 5",
        "[,]|a text in quotes at place 2",
      })
  void anythingElseIsRefusedWithItsPlace(String text, String trouble) {
    var error = assertThrows(IllegalArgumentException.class, () -> PythonList.read(text));
    assertEquals("a list as Python prints it has " + trouble, error.getMessage());
  }
}
