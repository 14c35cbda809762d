package krites.model.qwen25vl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The decoder's methods in the text of {@link NetworkScript}. */
final class DecoderText {
  private DecoderText() {}

  static String text(Qwen25VlConfig config, Kernels kernels) {
    int embed = WeightLayout.embedding(config);
    int norm = WeightLayout.lastNorm(config);
    int repeat = config.heads() / config.keyValueHeads();
    String text =
        """
      def embed(self, ids: Tensor, image_at: Tensor, image: Tensor, w: List[Tensor]) -> Tensor:
        x = torch.embedding(w[$EMBED], ids)
        if torch.gt(torch.size(image_at, 0), 0):
          flat = torch.index_copy(torch.reshape(x, [-1, $HIDDEN]), 0, image_at, image)
          x = torch.view(flat, [torch.size(ids, 0), torch.size(ids, 1), $HIDDEN])
        return x

      $ROPE
      def heads_first(self, x: Tensor, heads: int) -> Tensor:
        return torch.transpose(torch.view(x, [torch.size(x, 0), torch.size(x, 1), heads, $SIZE]), 1, 2)

      def every_head(self, x: Tensor) -> Tensor:
        b = torch.size(x, 0)
        t = torch.size(x, 2)
        wide = torch.expand(torch.unsqueeze(x, 2), [b, $KV, $REPEAT, t, $SIZE])
        return torch.reshape(wide, [b, $HEADS, t, $SIZE])

      $ATTENTION_IN
      def attention_out(self, x: Tensor, o: Tensor, b: int, w: List[Tensor]) -> Tensor:
        x = torch.add(x, $LINEAR($HIDDEN; o, w[b + 7]))
        h = self.norm(x, w[b + 8], $EPS)
        m = $GATED
        return torch.add(x, $LINEAR($HIDDEN; m, w[b + 11]))

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

      def raw_head(self, hidden: Tensor, w: List[Tensor]) -> Tensor:
        return $LINEAR($VOCABULARY; hidden, w[$HEADW])

      def head(self, hidden: Tensor, w: List[Tensor]) -> Tensor:
        return torch.to(self.raw_head(hidden, w), 6)
      """
            .replace("$ROPE\n", rope(config, kernels))
            .replace("$ATTENTION_IN\n", attentionIn(kernels))
            .replace("$GATED", gated(kernels))
            .replace("$HEADW", String.valueOf(kernels.head(config)))
            .replace("$VOCABULARY", String.valueOf(config.vocabulary()))
            .replace(
                "$WIDE",
                String.valueOf((config.heads() + 2 * config.keyValueHeads()) * config.headSize()))
            .replace("$ALL", String.valueOf(config.heads() + 2 * config.keyValueHeads()))
            .replace("$TURNED", String.valueOf(config.heads() + config.keyValueHeads()))
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
    return kernels.linears(text);
  }

  /** Cosine and sine of the rotary angles, of which each section of a head has its own axis. */
  private static String rope(Qwen25VlConfig config, Kernels kernels) {
    return switch (kernels) {
      case PLAIN ->
          """
          def rope(self, positions: Tensor, like: Tensor) -> List[Tensor]:
            inv = self.inverse_frequencies($SIZE, $THETA, positions)
            p = torch.unsqueeze(torch.to(positions, 6), 3)
            f = torch.cat([torch.mul(p[0], torch.narrow(inv, 0, 0, $S0)), torch.mul(p[1], torch.narrow(inv, 0, $S0, $S1)), torch.mul(p[2], torch.narrow(inv, 0, $S01, $S2))], 2)
            e = torch.unsqueeze(torch.cat([f, f], 2), 1)
            return [torch.type_as(torch.cos(e), like), torch.type_as(torch.sin(e), like)]

          """;
      // The first half is turned by the negative angle, so that its sine has the sign that turn
      // wants.
      case PACKED, PACKED_WIDE ->
          """
          def rope(self, positions: Tensor, like: Tensor) -> List[Tensor]:
            inv = torch.view(torch.tensor($FREQUENCIES, dtype=6), [3, $SIZE])
            e = torch.unsqueeze(torch.matmul(torch.permute(torch.to(positions, 6), [1, 2, 0]), inv), 1)
            return [torch.type_as(torch.cos(e), like), torch.type_as(torch.sin(e), like)]

          """
              .replace("$FREQUENCIES", frequencies(config).toString());
    };
  }

  /**
   * What the angles of each axis are multiplied with, (3, D): inverse frequencies in the axis's own
   * section, negative in the first half, and zeros elsewhere.
   */
  private static List<Float> frequencies(Qwen25VlConfig config) {
    int size = config.headSize();
    List<Float> all = new ArrayList<>(Collections.nCopies(3 * size, 0f));
    int at = 0;
    for (int axis = 0; axis < 3; axis++) {
      for (int end = at + config.ropeSections().get(axis); at < end; at++) {
        float inverse = 1 / (float) Math.pow(config.ropeTheta(), 2f * at / size);
        all.set(axis * size + at, -inverse);
        all.set(axis * size + at + size / 2, inverse);
      }
    }
    return all;
  }

  private static String attentionIn(Kernels kernels) {
    return switch (kernels) {
      case PLAIN ->
          """
          def attention_in(self, x: Tensor, rotary: List[Tensor], b: int, w: List[Tensor]) -> List[Tensor]:
            h = self.norm(x, w[b], $EPS)
            q = self.rotate(self.heads_first(torch.linear(h, w[b + 1], w[b + 2]), $HEADS), rotary[0], rotary[1])
            k = self.rotate(self.heads_first(torch.linear(h, w[b + 3], w[b + 4]), $KV), rotary[0], rotary[1])
            v = self.heads_first(torch.linear(h, w[b + 5], w[b + 6]), $KV)
            return [q, k, v]

          """;
      case PACKED, PACKED_WIDE ->
          """
          def attention_in(self, x: Tensor, rotary: List[Tensor], b: int, w: List[Tensor]) -> List[Tensor]:
            all = self.heads_first(self.product($WIDE, self.norm(x, w[b], $EPS), w[b + 1], w[b + 2]), $ALL)
            turned = self.turn(torch.narrow(all, 1, 0, $TURNED), rotary[0], rotary[1])
            return [torch.narrow(turned, 1, 0, $HEADS), torch.narrow(turned, 1, $HEADS, $KV), torch.narrow(all, 1, $TURNED, $KV)]

          """;
    };
  }

  private static String gated(Kernels kernels) {
    return switch (kernels) {
      case PLAIN -> "torch.mul(torch.silu(torch.linear(h, w[b + 9])), torch.linear(h, w[b + 10]))";
      case PACKED, PACKED_WIDE -> "self.gated(h, w[b + 9])";
    };
  }
}
