package krites.rollout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import krites.grpo.ImageRef;
import krites.grpo.Prompt;
import krites.grpo.Task;
import krites.grpo.port.ImageStore;
import krites.model.image.ProcessedImage;
import krites.model.tokenizer.ChatTemplate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PromptEncoderTest {
  private static final String ONE = "a_batch_left_pad_0_90x64.png";
  private static final String OTHER = "a_batch_left_pad_1_60x100.png";
  private static final String THIRD = "a_batch_left_pad_2_140x45.png";

  @TempDir Path folder;

  private final List<String> read = new ArrayList<>();
  private final ImageStore images =
      image -> {
        read.add(image.name());
        return SmallModel.images().read(image);
      };

  @Test
  void theSystemTurnIsTheTemplatesOwnOrTheOneGiven() throws IOException {
    try (SmallModel model = SmallModel.in(folder)) {
      assertEquals(
          "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
              + "<|im_start|>user\nwhat?<|im_end|>\n<|im_start|>assistant\n",
          text(model, new PromptEncoder(model.tokenizer(), images, model.pipeline())));
      assertEquals(
          "<|im_start|>system\nBe brief.<|im_end|>\n"
              + "<|im_start|>user\nwhat?<|im_end|>\n<|im_start|>assistant\n",
          text(model, encoder(model, Optional.of("Be brief."), 0)));
    }
  }

  @Test
  void theImagesUsedLastAreKeptAndTheOthersReadAgain() throws IOException {
    try (SmallModel model = SmallModel.in(folder)) {
      PromptEncoder encoder = encoder(model, Optional.empty(), 2);
      ProcessedImage first = encode(encoder, ONE).getFirst();
      encode(encoder, OTHER);
      assertSame(first, encode(encoder, ONE).getFirst());
      encode(encoder, THIRD); // OTHER was used longest ago
      assertSame(first, encode(encoder, ONE).getFirst());
      encode(encoder, OTHER);
      assertEquals(List.of(ONE, OTHER, THIRD, OTHER), read);
      assertNotSame(first, encode(encoder(model, Optional.empty(), 0), ONE).getFirst());
    }
  }

  private PromptEncoder encoder(SmallModel model, Optional<String> system, int kept) {
    return new PromptEncoder(
        model.tokenizer(), ChatTemplate.published(), images, model.pipeline(), system, kept);
  }

  private static List<ProcessedImage> encode(PromptEncoder encoder, String image)
      throws IOException {
    return encoder.encode(prompt("<image>what?", image)).images();
  }

  private static String text(SmallModel model, PromptEncoder encoder) throws IOException {
    return model
        .tokenizer()
        .decode(encoder.encode(prompt("what?")).prompt().ids().toArray(), false);
  }

  private static Prompt prompt(String text, String... images) {
    List<ImageRef> references = List.of(images).stream().map(ImageRef::new).toList();
    return new Prompt("p", Task.POLICY, text, references, "", Map.of());
  }
}
