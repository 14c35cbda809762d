package krites.model.jinja;

import java.util.List;
import java.util.Map;

/**
 * A chat template in the Jinja language, as transformers renders it.
 *
 * <p>It is the part of the language that chat templates use (loops, conditions, {@code set}, {@code
 * namespace}, the usual operators, filters, tests and methods), interpreted here: no Java class or
 * method can be reached from a template, and steps, built letters and nesting are limited. What is
 * outside of that part is an error and never another text. Immutable and thread safe.
 *
 * <p>Source: Jinja 3.1 with {@code trim_blocks}, {@code lstrip_blocks}, {@code loopcontrols}, as in
 * {@code utils/chat_template_utils.py} of transformers.
 */
public final class JinjaTemplate {
  /** Letters; published templates have 1,000 to 20,000. */
  private static final int LONGEST = 500_000;

  private final List<Statement> statements;

  private JinjaTemplate(List<Statement> statements) {
    this.statements = statements;
  }

  /**
   * Reads a template.
   *
   * @throws JinjaException if it is malformed, or uses a statement that is not known here
   */
  public static JinjaTemplate parse(String template) {
    if (template.length() > LONGEST) {
      throw new JinjaException(1, "a template of more than " + LONGEST + " letters");
    }
    return new JinjaTemplate(TemplateParser.parse(template));
  }

  /**
   * The text for some variables.
   *
   * @throws JinjaException if the template refuses them, uses what is not known here, or does not
   *     end within its limits
   */
  public String render(Map<String, Value> variables) {
    try {
      return Rendering.render(statements, variables);
    } catch (StackOverflowError e) {
      // Lists in lists that a loop makes, or a sum of ten thousand terms.
      throw new JinjaException(1, "the template nests too deeply");
    }
  }
}
