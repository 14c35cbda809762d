package krites.model.qwen25vl;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The network as TorchScript text, generated from a configuration.
 *
 * <p>Methods (B rows, T tokens, N patches, H hidden, D head size, K key-value heads; {@code w} is
 * the list of {@link WeightLayout}):
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
  private NetworkScript() {}

  /** The methods of the network for a configuration; a caller may add its own that call them. */
  public static List<String> methods(Qwen25VlConfig config) {
    return List.of(COMMON, vision(config), decoder(config));
  }

  /**
   * The place {@code b} where a decoder layer's weights begin, as an expression of the script.
   *
   * @param layer name of a variable that holds the layer's number
   */
  public static String layerStart(Qwen25VlConfig config, String layer) {
    int first = 1 + WeightLayout.PER_VISION_BLOCK * config.vision().depth() + 5 + 1;
    return "torch.add(torch.mul(" + layer + ", " + WeightLayout.PER_LAYER + "), " + first + ")";
  }

  private static final String COMMON =
      """
      def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = torch.floordiv(torch.size(x, -1), 2)
        a = torch.narrow(x, -1, 0, half)
        b = torch.narrow(x, -1, half, half)
        return torch.add(torch.mul(x, cos), torch.mul(torch.cat([torch.neg(b), a], -1), sin))

      def norm(self, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        return torch.rms_norm(x, [torch.size(weight, 0)], weight, eps)

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

  private static String vision(Qwen25VlConfig config) {
    Qwen25VlConfig.Vision see = config.vision();
    String full =
        see.fullAttentionBlocks().isEmpty()
            ? "annotate(List[int], [])"
            : see.fullAttentionBlocks().stream()
                .map(String::valueOf)
                .collect(Collectors.joining(", ", "[", "]"));
    return """
      def vision_attention(self, qkv: Tensor, cos: Tensor, sin: Tensor, index: Tensor, mask: Tensor, inverse: Tensor) -> Tensor:
        n = torch.size(qkv, 0)
        s = torch.size(mask, 0)
        l = torch.size(mask, 3)
        parts = torch.unbind(torch.view(qkv, [n, 3, $HEADS, $SIZE]), 1)
        q = torch.index_select(torch.type_as(self.rotate(torch.to(parts[0], 6), cos, sin), qkv), 0, index)
        k = torch.index_select(torch.type_as(self.rotate(torch.to(parts[1], 6), cos, sin), qkv), 0, index)
        v = torch.index_select(parts[2], 0, index)
        q = torch.transpose(torch.view(q, [s, l, $HEADS, $SIZE]), 1, 2)
        k = torch.transpose(torch.view(k, [s, l, $HEADS, $SIZE]), 1, 2)
        v = torch.transpose(torch.view(v, [s, l, $HEADS, $SIZE]), 1, 2)
        o = torch.scaled_dot_product_attention(q, k, v, mask)
        o = torch.reshape(torch.transpose(o, 1, 2), [torch.mul(s, l), $HIDDEN])
        return torch.index_select(o, 0, inverse)

      def vision_rope(self, rows: Tensor, columns: Tensor) -> List[Tensor]:
        inv = self.inverse_frequencies($HALF, 10000.0, rows)
        f = torch.cat([torch.mul(torch.unsqueeze(rows, 1), inv), torch.mul(torch.unsqueeze(columns, 1), inv)], 1)
        e = torch.unsqueeze(torch.cat([f, f], 1), 1)
        return [torch.cos(e), torch.sin(e)]

      def vision_stem(self, pixels: Tensor, order: Tensor, patch: Tensor) -> Tensor:
        n = torch.size(pixels, 0)
        groups = torch.floordiv(n, $MERGED)
        x = torch.linear(torch.type_as(torch.clone(pixels), patch), torch.view(patch, [$HIDDEN, -1]))
        x = torch.index_select(torch.view(x, [groups, $MERGED, $HIDDEN]), 0, order)
        return torch.view(x, [n, $HIDDEN])

      def vision_block(self, x: Tensor, rotary: List[Tensor], index: Tensor, mask: Tensor, inverse: Tensor, b: int, w: List[Tensor]) -> Tensor:
        h = torch.linear(self.norm(x, w[b], 1e-06), w[b + 2], w[b + 3])
        a = self.vision_attention(h, rotary[0], rotary[1], index, mask, inverse)
        x = torch.add(x, torch.linear(a, w[b + 4], w[b + 5]))
        h = self.norm(x, w[b + 1], 1e-06)
        gate = torch.silu(torch.linear(h, w[b + 6], w[b + 7]))
        up = torch.linear(h, w[b + 8], w[b + 9])
        return torch.add(x, torch.linear(torch.mul(gate, up), w[b + 10], w[b + 11]))

      def vision_merger(self, x: Tensor, reverse: Tensor, b: int, w: List[Tensor]) -> Tensor:
        groups = torch.floordiv(torch.size(x, 0), $MERGED)
        x = torch.view(self.norm(x, w[b], 1e-06), [groups, -1])
        x = torch.gelu(torch.linear(x, w[b + 1], w[b + 2]))
        x = torch.linear(x, w[b + 3], w[b + 4])
        return torch.index_select(x, 0, reverse)

      def sees_all(self, block: int) -> bool:
        full = $FULL
        return torch.__contains__(full, block)

      def vision(self, pixels: Tensor, rows: Tensor, columns: Tensor, order: Tensor, window_index: Tensor, window_mask: Tensor, window_inverse: Tensor, full_index: Tensor, full_mask: Tensor, full_inverse: Tensor, reverse: Tensor, w: List[Tensor]) -> Tensor:
        x = self.vision_stem(pixels, order, w[0])
        rotary = self.vision_rope(rows, columns)
        for i in range($DEPTH):
          b = torch.add(torch.mul(i, 12), 1)
          if self.sees_all(i):
            x = self.vision_block(x, rotary, full_index, full_mask, full_inverse, b, w)
          else:
            x = self.vision_block(x, rotary, window_index, window_mask, window_inverse, b, w)
        return self.vision_merger(x, reverse, $MERGER, w)
      """
        .replace("$HEADS", String.valueOf(see.heads()))
        .replace("$SIZE", String.valueOf(see.headSize()))
        .replace("$HALF", String.valueOf(see.headSize() / 2))
        .replace("$HIDDEN", String.valueOf(see.hidden()))
        .replace("$MERGED", String.valueOf(see.mergedPatches()))
        .replace("$MERGER", String.valueOf(1 + WeightLayout.PER_VISION_BLOCK * see.depth()))
        .replace("$DEPTH", String.valueOf(see.depth()))
        .replace("$FULL", full)
        .indent(2);
  }

  private static String decoder(Qwen25VlConfig config) {
    int embed = 1 + WeightLayout.PER_VISION_BLOCK * config.vision().depth() + 5;
    int norm = embed + 1 + WeightLayout.PER_LAYER * config.layers();
    int repeat = config.heads() / config.keyValueHeads();
    return """
      def embed(self, ids: Tensor, image_at: Tensor, image: Tensor, w: List[Tensor]) -> Tensor:
        x = torch.embedding(w[$EMBED], ids)
        if torch.gt(torch.size(image_at, 0), 0):
          flat = torch.index_copy(torch.reshape(x, [-1, $HIDDEN]), 0, image_at, image)
          x = torch.view(flat, [torch.size(ids, 0), torch.size(ids, 1), $HIDDEN])
        return x

      def rope(self, positions: Tensor, like: Tensor) -> List[Tensor]:
        inv = self.inverse_frequencies($SIZE, $THETA, positions)
        p = torch.unsqueeze(torch.to(positions, 6), 3)
        f = torch.cat([torch.mul(p[0], torch.narrow(inv, 0, 0, $S0)), torch.mul(p[1], torch.narrow(inv, 0, $S0, $S1)), torch.mul(p[2], torch.narrow(inv, 0, $S01, $S2))], 2)
        e = torch.unsqueeze(torch.cat([f, f], 2), 1)
        return [torch.type_as(torch.cos(e), like), torch.type_as(torch.sin(e), like)]

      def heads_first(self, x: Tensor, heads: int) -> Tensor:
        return torch.transpose(torch.view(x, [torch.size(x, 0), torch.size(x, 1), heads, $SIZE]), 1, 2)

      def every_head(self, x: Tensor) -> Tensor:
        b = torch.size(x, 0)
        t = torch.size(x, 2)
        wide = torch.expand(torch.unsqueeze(x, 2), [b, $KV, $REPEAT, t, $SIZE])
        return torch.reshape(wide, [b, $HEADS, t, $SIZE])

      def attention_in(self, x: Tensor, rotary: List[Tensor], b: int, w: List[Tensor]) -> List[Tensor]:
        h = self.norm(x, w[b], $EPS)
        q = self.rotate(self.heads_first(torch.linear(h, w[b + 1], w[b + 2]), $HEADS), rotary[0], rotary[1])
        k = self.rotate(self.heads_first(torch.linear(h, w[b + 3], w[b + 4]), $KV), rotary[0], rotary[1])
        v = self.heads_first(torch.linear(h, w[b + 5], w[b + 6]), $KV)
        return [q, k, v]

      def attention_out(self, x: Tensor, o: Tensor, b: int, w: List[Tensor]) -> Tensor:
        x = torch.add(x, torch.linear(o, w[b + 7]))
        h = self.norm(x, w[b + 8], $EPS)
        m = torch.mul(torch.silu(torch.linear(h, w[b + 9])), torch.linear(h, w[b + 10]))
        return torch.add(x, torch.linear(m, w[b + 11]))

      def last_norm(self, x: Tensor, w: List[Tensor]) -> Tensor:
        return self.norm(x, w[$NORM], $EPS)

      def layer(self, x: Tensor, rotary: List[Tensor], mask: Tensor, b: int, w: List[Tensor]) -> List[Tensor]:
        heads = self.attention_in(x, rotary, b, w)
        o = torch.scaled_dot_product_attention(heads[0], self.every_head(heads[1]), self.every_head(heads[2]), mask)
        o = torch.reshape(torch.transpose(o, 1, 2), [torch.size(x, 0), torch.size(x, 1), $QUERIES])
        return [self.attention_out(x, o, b, w), heads[1], heads[2]]

      def decoder(self, x: Tensor, positions: Tensor, mask: Tensor, keep: bool, w: List[Tensor]) -> List[Tensor]:
        rotary = self.rope(positions, x)
        caches = annotate(List[Tensor], [])
        for i in range($LAYERS):
          out = self.layer(x, rotary, mask, torch.add(torch.mul(i, 12), $FIRST), w)
          x = out[0]
          if keep:
            caches.append(out[1])
            caches.append(out[2])
        return torch.add([self.last_norm(x, w)], caches)

      def head(self, hidden: Tensor, w: List[Tensor]) -> Tensor:
        return torch.to(torch.linear(hidden, w[$HEADW]), 6)
      """
        .replace("$HEADW", String.valueOf(config.tiedHead() ? embed : norm + 1))
        .replace("$HEADS", String.valueOf(config.heads()))
        .replace("$KV", String.valueOf(config.keyValueHeads()))
        .replace("$REPEAT", String.valueOf(repeat))
        .replace("$SIZE", String.valueOf(config.headSize()))
        .replace("$QUERIES", String.valueOf(config.heads() * config.headSize()))
        .replace("$HIDDEN", String.valueOf(config.hidden()))
        .replace("$LAYERS", String.valueOf(config.layers()))
        .replace("$EMBED", String.valueOf(embed))
        .replace("$FIRST", String.valueOf(embed + 1))
        .replace("$NORM", String.valueOf(norm))
        .replace("$EPS", String.valueOf(config.normEpsilon()))
        .replace("$THETA", String.valueOf(config.ropeTheta()))
        .replace(
            "$S01", String.valueOf(config.ropeSections().get(0) + config.ropeSections().get(1)))
        .replace("$S0", String.valueOf(config.ropeSections().get(0)))
        .replace("$S1", String.valueOf(config.ropeSections().get(1)))
        .replace("$S2", String.valueOf(config.ropeSections().get(2)))
        .indent(2);
  }
}
