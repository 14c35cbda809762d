package krites.data.shapes;

import java.util.ArrayList;
import java.util.List;
import krites.data.CritiquePrompt;
import krites.grpo.Prompt;

/**
 * Every word of the built-in world in every place where it can stand; what its tokenizer is made
 * from.
 */
final class ShapesCorpus {
  private ShapesCorpus() {}

  /**
   * Short texts that together hold all pieces of prompts and teacher texts, for all shapes and
   * colours.
   */
  static List<String> texts(String instruction) {
    List<String> texts = new ArrayList<>();
    texts.add("system\nYou are a helpful assistant.");
    texts.add("user\n");
    texts.add("assistant\n");
    texts.add(CritiquePrompt.caption().replace(Prompt.IMAGE_PLACEHOLDER, ""));
    List<Question> questions = questions();
    List<String> answers = answers();
    for (Question question : questions) {
      for (int form = 0; form < Question.FORMS; form++) {
        addPrompts(texts, question.text(form), answers.getFirst(), instruction);
      }
      for (String answer : answers) {
        addPrompts(texts, question.text(0), question.sentence(answer), instruction);
      }
    }
    for (String answer : answers) {
      addPrompts(texts, questions.getFirst().text(0), answer, instruction);
      addResponses(texts, answer);
    }
    Teacher.PREAMBLES.forEach(preamble -> texts.add(preamble + "\n<think>\n"));
    return texts;
  }

  private static void addPrompts(
      List<String> texts, String question, String response, String instruction) {
    String policy = CritiquePrompt.policy(question, instruction);
    String critic =
        CritiquePrompt.critic(question, response, response + ", " + response, instruction);
    texts.add(policy.replace(Prompt.IMAGE_PLACEHOLDER, ""));
    texts.add(critic.replace(Prompt.IMAGE_PLACEHOLDER, ""));
  }

  private static void addResponses(List<String> texts, String answer) {
    texts.add("<think>\n%1$s %1$s, %1$s\nsee %1$s %1$s, %1$s\nso %1$s\n".formatted(answer));
    texts.add("\nfirst %1$s yes second %1$s no\n</think>\n\\boxed{%1$s}".formatted(answer));
  }

  private static List<String> answers() {
    List<String> answers = new ArrayList<>(List.of("yes", "no", "none"));
    for (Colour colour : Colour.values()) {
      answers.add(colour.word());
    }
    for (Shape shape : Shape.values()) {
      answers.add(shape.word());
    }
    for (int digit = 0; digit <= 9; digit++) {
      answers.add(Integer.toString(digit));
    }
    return answers;
  }

  private static List<Question> questions() {
    List<Question> questions = new ArrayList<>();
    questions.add(new Question.CountAll());
    for (Shape shape : Shape.values()) {
      questions.add(new Question.OfColor(shape));
      questions.add(new Question.Count(shape));
      for (Colour colour : Colour.values()) {
        questions.add(new Question.Exist(colour, shape));
      }
    }
    for (Colour colour : Colour.values()) {
      questions.add(new Question.OfShape(colour));
    }
    return questions;
  }
}
