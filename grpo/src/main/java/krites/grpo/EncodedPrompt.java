package krites.grpo;

import java.util.List;

/**
 * A prompt as the network reads it.
 *
 * @param ids token ids after the chat template, each image placeholder expanded to one id per
 *     merged patch
 * @param grids patch grids of the images, in order
 */
public record EncodedPrompt(TokenIds ids, List<ImageGrid> grids) {
  public EncodedPrompt {
    grids = List.copyOf(grids);
    if (ids.length() == 0) {
      throw new IllegalArgumentException("an encoded prompt has no tokens");
    }
  }
}
