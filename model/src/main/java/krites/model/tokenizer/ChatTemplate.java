package krites.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import krites.model.image.PatchGrid;
import krites.model.jinja.JinjaException;
import krites.model.jinja.JinjaTemplate;
import krites.model.jinja.Value;
import krites.model.safetensors.CheckpointException;

/**
 * How a conversation becomes one text: the template of a model directory, which may differ from the
 * published one (in the default system line, say). Immutable and thread safe.
 */
public final class ChatTemplate {
  public static final String MESSAGE_START = "<|im_start|>";
  public static final String MESSAGE_END = "<|im_end|>";
  public static final String VISION_START = "<|vision_start|>";
  public static final String IMAGE_PAD = "<|image_pad|>";
  public static final String VIDEO_PAD = "<|video_pad|>";
  public static final String VISION_END = "<|vision_end|>";

  /** What the published template says when a conversation begins with no system message. */
  public static final String DEFAULT_SYSTEM = "You are a helpful assistant.";

  private static final String KEY = "chat_template";

  /** {@code chat_template} of the published Qwen2.5-VL-7B-Instruct. */
  private static final String PUBLISHED_TEXT =
      "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
          + "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
          + "<|im_start|>system\n"
          + DEFAULT_SYSTEM
          + "<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
          + "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
          + "{% for content in message['content'] %}"
          + "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
          + "{% set image_count.value = image_count.value + 1 %}"
          + "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}"
          + "<|vision_start|><|image_pad|><|vision_end|>"
          + "{% elif content['type'] == 'video' or 'video' in content %}"
          + "{% set video_count.value = video_count.value + 1 %}"
          + "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}"
          + "<|vision_start|><|video_pad|><|vision_end|>"
          + "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
          + "{% endif %}{% endfor %}"
          + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

  private static final ChatTemplate PUBLISHED =
      new ChatTemplate(Path.of("chat_template"), PUBLISHED_TEXT, Map.of());

  private final Path file;
  private final JinjaTemplate template;
  private final Map<String, Value> constants;

  private ChatTemplate(Path file, String text, Map<String, Value> constants) {
    this.file = file;
    this.template = JinjaTemplate.parse(text);
    this.constants = constants;
  }

  /** The template of Qwen2.5-VL-Instruct. */
  public static ChatTemplate published() {
    return PUBLISHED;
  }

  /**
   * The template of a model directory, looked for as transformers does: {@code
   * chat_template.jinja}, {@code chat_template.json}, {@code tokenizer_config.json}; the published
   * one if none has any.
   *
   * @throws CheckpointException if a file is malformed, the template uses what Krites does not
   *     know, or a picture in a conversation does not give one image pad
   */
  public static ChatTemplate load(Path modelDirectory) {
    Path config = modelDirectory.resolve(TokenizerFiles.CONFIG);
    Map<String, Value> constants = new HashMap<>();
    if (Files.exists(config)) {
      constants.putAll(specialTokens(TokenizerFiles.tree(config)));
    }
    Path plain = modelDirectory.resolve(KEY + ".jinja");
    if (Files.exists(plain)) {
      return tried(
          plain, new String(TokenizerFiles.bytes(plain), StandardCharsets.UTF_8), constants);
    }
    for (Path file : List.of(modelDirectory.resolve(KEY + ".json"), config)) {
      JsonNode node = Files.exists(file) ? TokenizerFiles.tree(file).path(KEY) : null;
      if (node != null && !node.isMissingNode() && !node.isNull()) {
        return tried(file, text(file, node), constants);
      }
    }
    return PUBLISHED;
  }

  private static ChatTemplate tried(Path file, String text, Map<String, Value> constants) {
    ChatTemplate template;
    try {
      template = new ChatTemplate(file, text, constants);
    } catch (JinjaException e) {
      throw trouble(file, e);
    }
    ChatMessage picture = ChatMessage.user(new ChatMessage.Image(), new ChatMessage.Text("?"));
    String prompt = template.text(List.of(picture), true, false);
    if (prompt.split(Pattern.quote(IMAGE_PAD), -1).length != 2) {
      throw CheckpointException.mismatch(
          file, KEY, "one " + IMAGE_PAD + " for a picture", Texts.shown(prompt));
    }
    return template;
  }

  /** A text, or the one named {@code default} of a list of named ones. */
  private static String text(Path file, JsonNode node) {
    if (node.isTextual()) {
      return node.textValue();
    }
    for (JsonNode named : node) {
      if (named.path("name").asText().equals("default") && named.path("template").isTextual()) {
        return named.get("template").textValue();
      }
    }
    throw CheckpointException.mismatch(file, KEY, "a text", Texts.shown(node.toString()));
  }

  /** {@code bos_token} and the like, which a template may name. */
  private static Map<String, Value> specialTokens(JsonNode config) {
    Map<String, Value> tokens = new HashMap<>();
    for (String name : List.of("bos_token", "eos_token", "pad_token", "unk_token")) {
      JsonNode token =
          config.path(name).isObject() ? config.path(name).path("content") : config.path(name);
      if (token.isTextual()) {
        tokens.put(name, Value.of(token.textValue()));
      }
    }
    return tokens;
  }

  /** As {@link #text(List, boolean, boolean)} of the published template, without numbers. */
  public static String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
    return PUBLISHED.text(messages, addGenerationPrompt, false);
  }

  /**
   * The text of a conversation, with one pad for each picture and video.
   *
   * @param addGenerationPrompt whether to open the assistant's turn at the end
   * @param addVisionId whether to number pictures and videos
   * @throws CheckpointException if the template refuses the conversation
   */
  public String text(List<ChatMessage> messages, boolean addGenerationPrompt, boolean addVisionId) {
    List<Value> turns = messages.stream().map(ChatTemplate::turn).toList();
    return text(Value.list(turns), addGenerationPrompt, addVisionId);
  }

  /**
   * As {@link #text(List, boolean, boolean)}, of messages in the form of transformers: dictionaries
   * with {@code role} and {@code content}, a text or a list of parts.
   */
  public String text(Value messages, boolean addGenerationPrompt, boolean addVisionId) {
    Map<String, Value> variables = new HashMap<>(constants);
    variables.put("messages", messages);
    variables.put("tools", new Value.None());
    variables.put("documents", new Value.None());
    variables.put("add_generation_prompt", Value.of(addGenerationPrompt));
    variables.put("add_vision_id", Value.of(addVisionId));
    try {
      return template.render(variables);
    } catch (JinjaException e) {
      throw trouble(file, e);
    }
  }

  private static CheckpointException trouble(Path file, JinjaException e) {
    return new CheckpointException(file + ": " + KEY + ": " + e.getMessage(), e);
  }

  /** A message of words alone is a text, as training code writes it; else a list of parts. */
  private static Value turn(ChatMessage message) {
    List<Value> parts = new ArrayList<>();
    for (ChatMessage.Part part : message.content()) {
      parts.add(
          new Value.Table(
              switch (part) {
                case ChatMessage.Text(String words) ->
                    Map.of("type", Value.of("text"), "text", Value.of(words));
                case ChatMessage.Image() -> Map.of("type", Value.of("image"));
                case ChatMessage.Video() -> Map.of("type", Value.of("video"));
              }));
    }
    boolean alone = message.content().size() == 1;
    Value content =
        alone && message.content().getFirst() instanceof ChatMessage.Text(String words)
            ? Value.of(words)
            : Value.list(parts);
    return new Value.Table(Map.of("role", Value.of(message.role()), "content", content));
  }

  /**
   * Repeats each image pad once for every token that the vision tower will give for its picture.
   *
   * @param ids the ids of a rendered conversation, one pad a picture
   * @param imagePadId the id of {@link #IMAGE_PAD}
   * @param grids the patch grids of the pictures in order
   * @param mergeSize patches along a side that make one token
   * @throws IllegalArgumentException if there are not as many pads as grids
   */
  public static int[] expandImagePads(
      int[] ids, int imagePadId, List<PatchGrid> grids, int mergeSize) {
    return expandPads(ids, id -> id == imagePadId, grids, mergeSize);
  }

  /** As {@link #expandImagePads}, for the pads of pictures and videos in their common order. */
  public static int[] expandPads(
      int[] ids, IntPredicate isPad, List<PatchGrid> grids, int mergeSize) {
    long pads = Arrays.stream(ids).filter(isPad).count();
    if (pads != grids.size()) {
      throw new IllegalArgumentException(
          pads + " image pads in the prompt for " + grids.size() + " images");
    }
    int padded = grids.stream().mapToInt(grid -> grid.mergedTokens(mergeSize)).sum();
    int[] expanded = new int[ids.length - grids.size() + padded];
    int at = 0;
    int next = 0;
    for (int id : ids) {
      int copies = isPad.test(id) ? grids.get(next++).mergedTokens(mergeSize) : 1;
      Arrays.fill(expanded, at, at + copies, id);
      at += copies;
    }
    return expanded;
  }
}
