package krites.model.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JinjaTemplateTest {
  private static final Path CASES =
      Path.of("src", "test", "resources", "text", "jinja", "cases.json");

  /**
   * Cases rendered by Jinja 3.1.6 with the settings of transformers. Where Jinja prints what we
   * refuse (a list, a fraction, ...), an error is right and another text is not.
   */
  @Test
  void theTextIsThatOfJinjaOrAnErrorThatSaysWhy() throws IOException {
    JsonNode root = new ObjectMapper().readTree(CASES.toFile());
    Map<String, Value> variables = variables(root.get("variables"));
    List<String> wrong = new ArrayList<>();
    int rendered = 0;
    for (JsonNode golden : root.get("cases")) {
      String template = golden.get("template").textValue();
      try {
        String text = JinjaTemplate.parse(template).render(variables);
        rendered++;
        if (!text.equals(golden.path("expected").asText("\0"))) {
          wrong.add(template + "\n  gave " + text + "\n  not  " + golden);
        }
      } catch (JinjaException e) {
        boolean refusable = golden.has("error") || e.getMessage().matches(REFUSED);
        if (!refusable) {
          wrong.add(template + "\n  " + e.getMessage() + "\n  not  " + golden);
        }
      }
    }
    assertTrue(
        wrong.isEmpty(),
        () ->
            wrong.size()
                + " wrong\n"
                + String.join("\n", wrong.subList(0, Math.min(12, wrong.size()))));
    assertTrue(rendered >= 180, rendered + " rendered");
  }

  private static final String REFUSED =
      "line \\d+: ((a list|a dictionary|a number|a namespace) cannot be (printed|written as JSON)|.* \\* a number|a truth value . .*|.* . a truth value|.* compared with .*|a number has no items|a text \\* .*|none has no items|expected '.', found '.'|unexpected '.')";

  private static Map<String, Value> variables(JsonNode object) {
    Map<String, Value> variables = new HashMap<>();
    object.properties().forEach(e -> variables.put(e.getKey(), JsonValue.of(e.getValue())));
    return variables;
  }

  @Test
  void aTemplateThatDoesNotEndIsStopped() {
    refused(
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "steps");
    refused(
        "{% set ns = namespace(a='x') %}{% for i in range(99) %}"
            + "{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
        "letters");
    refused(
        "{% set ns = namespace(a=[1]) %}{% for i in range(99) %}"
            + "{% set ns.a = ns.a + ns.a %}{% endfor %}",
        "steps");
    refused(
        "{% set ns = namespace(a=[1]) %}{% for i in range(50000) %}"
            + "{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a|tojson }}",
        "too deeply");
    refused("{{ 'a'.replace('', 'b' * 9) }}", "a text * a number");
    refused("{{ " + "(".repeat(500) + "1" + ")".repeat(500) + " }}", "too deeply");
    refused("{% if 1 %}".repeat(200) + "{% endif %}".repeat(200), "too deeply");
    refused("{{ " + "[".repeat(500) + "]".repeat(500) + " }}", "too deeply");
    refused("{{ a" + ".b".repeat(500) + " }}", "too many");
    refused(" ".repeat(600_000), "more than");
  }

  @Test
  void manySignsAreNoDepth() {
    assertEquals("False", render("{{ " + "not ".repeat(10_001) + "1 }}"));
    refused("{{ " + "-".repeat(10_000) + "1 }}", "unexpected '-'");
    assertEquals("300", render("{{ 1" + " + 1".repeat(299) + " }}"));
  }

  @Test
  void nothingOfJavaCanBeReached() {
    assertEquals("", render("{{ 'a'.class }}"));
    refused("{{ 'a'.getClass() }}", "'getClass' of a text is not known here");
    refused("{{ ''.__class__.__mro__ }}", "__class__ is undefined");
    refused("{% include 'x' %}", "line 1: the statement 'include' is not known here");
    refused("\n\n{{ lipsum() }}", "line 3: the function 'lipsum' is not known here");
  }

  private static String render(String template) {
    return JinjaTemplate.parse(template).render(Map.of());
  }

  private static void refused(String template, String said) {
    JinjaException e = assertThrows(JinjaException.class, () -> render(template));
    assertTrue(e.getMessage().contains(said), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }
}
