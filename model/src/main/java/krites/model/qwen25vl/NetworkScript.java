package krites.model.qwen25vl;

import java.util.List;

/**
 * The network as TorchScript text, generated from a configuration.
 *
 * <p>Methods (B rows, T tokens, N patches, H hidden, D head size, K key-value heads; {@code w} is
 * the list of {@link WeightLayout}, or that of {@link PackedWeights}):
 *
 * <ul>
 *   <li>{@code vision(pixels (N, values), rows (N), columns (N), window_order (N/m), six gather
 *       tensors, reverse (N/m), w)} gives image embeddings (N/m, H) in the original order; see
 *       {@link VisionLayout};
 *   <li>{@code embed(ids (B, T), image_at (n), image (n, H), w)} gives token embeddings (B, T, H)
 *       with image embeddings at the flat positions {@code image_at};
 *   <li>{@code packed_mask(doc (B, T), segment (B, T))} gives (B, 1, T, T), true where a token may
 *       look: backwards, in its own document, at the prompt (segment 0) and at its own segment;
 *   <li>{@code attention_in(x (B, T, H), rotary, b, w)} gives queries (B, heads, T, D), rotated
 *       keys and values (B, K, T, D) of the layer whose weights begin at place {@code b}, {@code
 *       attention_out(x, o (B, T, heads * D), b, w)} what the layer makes of the heads' results:
 *       projection, residual and MLP. All that a layer computes but attention itself is in these
 *       two, whoever keeps keys and values, and however;
 *   <li>{@code decoder(x (B, T, H), positions (3, B, T), mask, keep, w)} gives the normed hidden
 *       states (B, T, H), and with {@code keep} the keys and values of each layer, (B, K, T, D);
 *   <li>{@code head(hidden, w)} gives logits over the vocabulary, in float32.
 * </ul>
 *
 * <p>The weights are float32 or bfloat16 ({@link Precision}), and so are activations and caches. As
 * in transformers, float32 in either are rotary angles, the statistics of the norms, the rotation
 * in the vision tower, and what comes out of {@code head}. With float32 weights every cast is no
 * operation. {@code vision_block} and {@code layer} are one block each, whose weights begin at
 * place {@code b} of a list.
 */
public final class NetworkScript {
  /** Where oneDNN 3.7 changes its order was seen between 78 and 96 rows, without AVX-512. */
  private static final int MANY_ROWS = 128;

  private NetworkScript() {}

  /** The methods on plain weights for a configuration; a caller may add its own that call them. */
  public static List<String> methods(Qwen25VlConfig config) {
    return methods(config, Kernels.PLAIN);
  }

  /** The methods on weights as the kernels take them, the decoder's last. */
  public static List<String> methods(Qwen25VlConfig config, Kernels kernels) {
    String common =
        switch (kernels) {
          case PLAIN -> COMMON + PLAIN;
          case PACKED, PACKED_WIDE -> COMMON + packed(kernels) + PackedWeights.text(kernels);
        };
    return List.of(common, VisionText.text(config, kernels), DecoderText.text(config, kernels));
  }

  /**
   * The place {@code b} where a decoder layer's weights begin, as an expression of the script.
   *
   * @param layer name of a variable that holds the layer's number
   */
  public static String layerStart(Qwen25VlConfig config, String layer) {
    int first = WeightLayout.embedding(config) + 1;
    return "torch.add(torch.mul(" + layer + ", " + WeightLayout.PER_LAYER + "), " + first + ")";
  }

  private static final String COMMON =
      """
      def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = torch.floordiv(torch.size(x, -1), 2)
        a = torch.narrow(x, -1, 0, half)
        b = torch.narrow(x, -1, half, half)
        return torch.add(torch.mul(x, cos), torch.mul(torch.cat([torch.neg(b), a], -1), sin))

      def inverse_frequencies(self, size: int, theta: float, like: Tensor) -> Tensor:
        steps = torch.arange(0, size, 2, dtype=6, device=like.device)
        return torch.reciprocal(torch.pow(theta, torch.div(steps, size)))

      def packed_mask(self, doc: Tensor, segment: Tensor) -> Tensor:
        t = torch.size(doc, 1)
        causal = torch.tril(torch.ones([t, t], dtype=11, device=doc.device))
        same = torch.eq(torch.unsqueeze(doc, 2), torch.unsqueeze(doc, 1))
        key = torch.unsqueeze(segment, 1)
        seen = torch.logical_or(torch.eq(key, 0), torch.eq(torch.unsqueeze(segment, 2), key))
        return torch.unsqueeze(torch.logical_and(torch.logical_and(same, seen), causal), 1)
      """
          .indent(2);

  private static final String PLAIN =
      """

      def norm(self, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        return torch.rms_norm(x, [torch.size(weight, 0)], weight, eps)
      """
          .indent(2);

  /**
   * Products with packed matrices: {@code product} gives the first {@code n} numbers, behind which
   * may be those of rows that fill a block. {@code turn} is {@code rotate} with the sign in the
   * sine; {@code gated} takes gate and up side by side, and leaves in float32 what a product takes
   * in float32; {@code many_rows} has zeros below fewer rows than oneDNN takes for many.
   */
  static String packed(Kernels kernels) {
    boolean wide = kernels == Kernels.PACKED_WIDE;
    return """

      def wholes(self, x: Tensor, w: Tensor, bias: Optional[Tensor]=None) -> Tensor:
        return ops.mkldnn._linear_pointwise($TAKEN, w, bias, "none", annotate(List[Optional[number]], []), "")

      def product(self, n: int, x: Tensor, w: Tensor, bias: Optional[Tensor]=None) -> Tensor:
        y = self.wholes(x, w, bias)
        if torch.ne(torch.size(y, -1), n):
          y = torch.narrow(y, -1, 0, n)
        return $GIVEN

      def many_rows(self, x: Tensor) -> Tensor:
        missing = torch.sub($MANY, torch.size(x, 0))
        if torch.gt(missing, 0):
          x = torch.constant_pad_nd(x, [0, 0, 0, missing], 0)
        return x

      def norm(self, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        scale = torch.linalg_vector_norm(x, 2, [-1], True, dtype=6)
        torch.rsqrt_(torch.add_(torch.div_(torch.mul_(scale, scale), torch.size(weight, 0)), eps))
        return torch.type_as(torch.mul_(torch.mul(x, scale), weight), x)

      def turn(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = torch.floordiv(torch.size(x, -1), 2)
        return torch.addcmul_(torch.mul(x, cos), torch.roll(x, [half], [-1]), sin)

      def gated(self, x: Tensor, w: Tensor, bias: Optional[Tensor]=None) -> Tensor:
        parts = torch.chunk(self.wholes(x, w, bias), 2, -1)
        return torch.mul_(torch.silu(parts[0]), parts[1])
      """
        .replace("$MANY", String.valueOf(MANY_ROWS))
        .replace("$TAKEN", wide ? "torch.to(x, 6)" : "x")
        .replace("$GIVEN", wide ? "torch.to(y, 15)" : "y")
        .indent(2);
  }
}
