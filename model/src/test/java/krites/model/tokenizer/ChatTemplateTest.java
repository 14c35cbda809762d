package krites.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import krites.model.image.PatchGrid;
import krites.model.jinja.JsonValue;
import krites.model.jinja.Value;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.safetensors.CheckpointException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
  @TempDir Path directory;

  /** The prompt printed in the Qwen2.5-VL test of transformers. */
  @Test
  void aQuestionAboutAPictureIsRenderedAsPublished() {
    ChatMessage question =
        ChatMessage.user(
            new ChatMessage.Image(), new ChatMessage.Text("What kind of dog is this?"));
    assertEquals(
        """
        <|im_start|>system
        You are a helpful assistant.<|im_end|>
        <|im_start|>user
        <|vision_start|><|image_pad|><|vision_end|>What kind of dog is this?<|im_end|>
        <|im_start|>assistant
        """,
        ChatTemplate.render(List.of(question), true));
  }

  @Test
  void aSystemMessageReplacesTheDefaultAndTurnsFollowEachOther() {
    List<ChatMessage> messages =
        List.of(
            ChatMessage.text("system", "You are a strict judge."),
            ChatMessage.text("user", "1 or 2?"),
            ChatMessage.text("assistant", ""));
    assertEquals(
        """
        <|im_start|>system
        You are a strict judge.<|im_end|>
        <|im_start|>user
        1 or 2?<|im_end|>
        <|im_start|>assistant
        <|im_end|>
        """,
        ChatTemplate.render(messages, false));
  }

  @Test
  void thePublishedCasesAreRenderedExactly() throws IOException {
    ChatTemplate template = ChatTemplate.load(GoldenTexts.QWEN);
    List<JsonNode> rows = GoldenTexts.rows("chat-template-golden", "cases.jsonl");
    assertEquals(15, rows.size());
    try (Tokenizer tokenizer = Tokenizer.load(GoldenTexts.QWEN)) {
      int image = tokenizer.requireId(ChatTemplate.IMAGE_PAD);
      int video = tokenizer.requireId(ChatTemplate.VIDEO_PAD);
      for (JsonNode row : rows) {
        Value messages = JsonValue.of(row.get("messages"));
        boolean open = row.get("add_generation_prompt").booleanValue();
        String text = template.text(messages, open, row.path("add_vision_id").asBoolean());
        assertEquals(row.get("text").textValue(), text, row.get("name").textValue());
        assertEquals(text, ChatTemplate.published().text(messages, open, false));
        int[] ids = tokenizer.encode(text);
        assertArrayEquals(GoldenTexts.ids(row.get("ids")), ids);
        if (row.has("ids_expanded")) {
          List<PatchGrid> grids = new ArrayList<>();
          row.get("grid_thw")
              .forEach(
                  grid ->
                      grids.add(
                          new PatchGrid(
                              grid.get(0).intValue(),
                              grid.get(1).intValue(),
                              grid.get(2).intValue())));
          assertArrayEquals(
              GoldenTexts.ids(row.get("ids_expanded")),
              ChatTemplate.expandPads(ids, id -> id == image || id == video, grids, 2));
        }
      }
    }
  }

  @Test
  void picturesAndVideosAreNumberedWhenAsked() {
    ChatMessage.Part image = new ChatMessage.Image();
    ChatMessage message = ChatMessage.user(image, new ChatMessage.Video(), image);
    assertEquals(
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
            + "Picture 1: <|vision_start|><|image_pad|><|vision_end|>"
            + "Video 1: <|vision_start|><|video_pad|><|vision_end|>"
            + "Picture 2: <|vision_start|><|image_pad|><|vision_end|><|im_end|>\n",
        ChatTemplate.published().text(List.of(message), false, true));
  }

  @Test
  void theTemplateOfTheDirectoryIsFollowedInTheOrderOfTransformers() throws IOException {
    String body = "{% for m in messages %}{{ m.content[0].type }}<|image_pad|>{% endfor %}";
    List<ChatMessage> picture = List.of(ChatMessage.user(new ChatMessage.Image()));
    assertEquals(
        ChatTemplate.render(picture, true),
        ChatTemplate.load(directory).text(picture, true, false),
        "the published one where there is none");
    write(
        "tokenizer_config.json",
        "{\"eos_token\": \"E\", \"chat_template\": [{\"name\": \"default\", \"template\": \"1{{ eos_token }}"
            + body
            + "\"}]}");
    assertEquals("1Eimage<|image_pad|>", ChatTemplate.load(directory).text(picture, true, false));
    write("chat_template.json", "{\"chat_template\": \"2" + body + "\"}");
    assertEquals("2image<|image_pad|>", ChatTemplate.load(directory).text(picture, true, false));
    write("chat_template.jinja", "3" + body + "\n");
    assertEquals("3image<|image_pad|>", ChatTemplate.load(directory).text(picture, true, false));
  }

  @Test
  void aTemplateThatCannotBeRenderedIsRefusedWithFileAndLine() throws IOException {
    write("chat_template.jinja", "a\n{% include 'b' %}");
    refused("chat_template.jinja: chat_template: line 2: the statement 'include'");
    write("chat_template.jinja", "no pictures");
    refused("chat_template.jinja: chat_template: expected one <|image_pad|> for a picture");
    write(
        "chat_template.jinja",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}");
    refused("chat_template.jinja: chat_template: line 1: the template takes more than");
    Files.delete(directory.resolve("chat_template.jinja"));
    write("chat_template.json", "{\"chat_template\": 3}");
    refused("chat_template.json: chat_template: expected a text, seen 3");
  }

  @Test
  void aTokenizerOfAnotherModelIsRefused() throws IOException {
    Qwen25VlConfig config = Qwen25VlConfig.load(GoldenTexts.QWEN);
    StopTokens stops = StopTokens.load(GoldenTexts.QWEN);
    assertEquals(Set.of(151_645, 151_643), stops.ids());
    Tokenizer.check(GoldenTexts.QWEN, config, stops);
    CheckpointException stop =
        assertThrows(
            CheckpointException.class,
            () -> Tokenizer.check(GoldenTexts.QWEN, config, new StopTokens(Set.of(7))));
    assertTrue(stop.getMessage().contains("special token for eos_token_id 7"));
    TinyTokenizer.write(directory);
    CheckpointException other =
        assertThrows(CheckpointException.class, () -> Tokenizer.check(directory, config, stops));
    assertEquals(
        directory
            + ": tokenizer of another model: expected <|image_pad|> at image_token_id 151655 of"
            + " config.json, seen it at 265",
        other.getMessage());
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  private void refused(String said) {
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> ChatTemplate.load(directory));
    assertTrue(e.getMessage().contains(said), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void eachImagePadIsRepeatedForTheTokensOfItsPicture() throws IOException {
    TinyTokenizer.write(directory);
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      int pad = tokenizer.requireId(ChatTemplate.IMAGE_PAD);
      int[] ids = tokenizer.encode("a<|image_pad|>b<|image_pad|>");
      List<PatchGrid> grids = List.of(new PatchGrid(1, 2, 4), new PatchGrid(1, 2, 2));
      assertArrayEquals(
          new int[] {'a', pad, pad, 'b', pad}, ChatTemplate.expandImagePads(ids, pad, grids, 2));
      assertThrows(
          IllegalArgumentException.class,
          () -> ChatTemplate.expandImagePads(ids, pad, grids.subList(0, 1), 2));
    }
  }

  @Test
  void stopTokensComeFromTheGenerationSettingsAndElseFromTheModelSettings() throws IOException {
    assertThrows(CheckpointException.class, () -> StopTokens.load(directory));
    Files.writeString(directory.resolve("config.json"), "{\"text_config\": {\"eos_token_id\": 3}}");
    assertEquals(Set.of(3), StopTokens.load(directory).ids());
    Files.writeString(directory.resolve("config.json"), "{\"eos_token_id\": 4}");
    Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": null}");
    assertEquals(Set.of(4), StopTokens.load(directory).ids());
    Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [5, 6]}");
    assertEquals(Set.of(5, 6), StopTokens.load(directory).ids());
    for (String wrong : List.of("[]", "\"x\"", "[-1]", "1.5")) {
      Files.writeString(
          directory.resolve("generation_config.json"), "{\"eos_token_id\": " + wrong + "}");
      assertThrows(CheckpointException.class, () -> StopTokens.load(directory), wrong);
    }
  }
}
