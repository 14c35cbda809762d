package krites.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import krites.model.image.PatchGrid;
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
