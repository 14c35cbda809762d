package krites.model.tokenizer;

import java.util.List;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content texts, pictures and videos in their order
 */
public record ChatMessage(String role, List<Part> content) {

  /** A piece of a message. */
  public sealed interface Part {}

  /** Words, put into the prompt as they are. */
  public record Text(String text) implements Part {}

  /** The place of a picture; the picture itself goes to the vision tower. */
  public record Image() implements Part {}

  /** The place of a video. */
  public record Video() implements Part {}

  public ChatMessage {
    content = List.copyOf(content);
    if (role.isBlank()) {
      throw new IllegalArgumentException("a message without a role");
    }
  }

  /** A message of words only. */
  public static ChatMessage text(String role, String text) {
    return new ChatMessage(role, List.of(new Text(text)));
  }

  /** A message of the user. */
  public static ChatMessage user(Part... content) {
    return new ChatMessage("user", List.of(content));
  }
}
