package krites.model.qwen25vl;

import java.util.stream.Collectors;

/** The vision tower's methods in the text of {@link NetworkScript}. */
final class VisionText {
  private VisionText() {}

  static String text(Qwen25VlConfig config, Kernels kernels) {
    Qwen25VlConfig.Vision see = config.vision();
    String full =
        see.fullAttentionBlocks().isEmpty()
            ? "annotate(List[int], [])"
            : see.fullAttentionBlocks().stream()
                .map(String::valueOf)
                .collect(Collectors.joining(", ", "[", "]"));
    String text =
        """
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
        x = $PATCHES
        x = torch.index_select(torch.view(x, [groups, $MERGED, $HIDDEN]), 0, order)
        return torch.view(x, [n, $HIDDEN])

      def vision_block(self, x: Tensor, rotary: List[Tensor], index: Tensor, mask: Tensor, inverse: Tensor, b: int, w: List[Tensor]) -> Tensor:
        h = $LINEAR($WIDE; self.norm(x, w[b], 1e-06), w[b + 2], w[b + 3])
        a = self.vision_attention(h, rotary[0], rotary[1], index, mask, inverse)
        x = torch.add(x, $LINEAR($HIDDEN; a, w[b + 4], w[b + 5]))
        h = self.norm(x, w[b + 1], 1e-06)
        m = $GATED
        return torch.add(x, $LINEAR($HIDDEN; m, w[b + 10], w[b + 11]))

      def vision_merger(self, x: Tensor, reverse: Tensor, b: int, w: List[Tensor]) -> Tensor:
        groups = torch.floordiv(torch.size(x, 0), $MERGED)
        x = torch.view(self.norm(x, w[b], 1e-06), [groups, -1])
        x = torch.gelu($LINEAR($BROAD; x, w[b + 1], w[b + 2]))
        x = $LINEAR($OUT; x, w[b + 3], w[b + 4])
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
            .replace("$PATCHES", patches(kernels))
            .replace("$GATED", gated(kernels))
            .replace("$WIDE", String.valueOf(3 * see.hidden()))
            .replace("$BROAD", String.valueOf(see.mergedPatches() * see.hidden()))
            .replace("$OUT", String.valueOf(see.outHidden()))
            .replace("$HEADS", String.valueOf(see.heads()))
            .replace("$SIZE", String.valueOf(see.headSize()))
            .replace("$HALF", String.valueOf(see.headSize() / 2))
            .replace("$HIDDEN", String.valueOf(see.hidden()))
            .replace("$MERGED", String.valueOf(see.mergedPatches()))
            .replace("$MERGER", String.valueOf(1 + WeightLayout.PER_VISION_BLOCK * see.depth()))
            .replace("$DEPTH", String.valueOf(see.depth()))
            .replace("$FULL", full)
            .indent(2);
    return kernels.linears(text);
  }

  /** Products of the pixels with the patch embedding. */
  private static String patches(Kernels kernels) {
    return switch (kernels) {
      // A clone lies where PyTorch puts it, on which the last bits of MKL's products depend.
      case PLAIN ->
          "torch.linear(torch.type_as(torch.clone(pixels), patch), torch.view(patch, [$HIDDEN, -1]))";
      // oneDNN adds up a long row in another order for few rows than for many, and how many patches
      // come together depends on what other images do.
      case PACKED, PACKED_WIDE ->
          "torch.narrow(self.product($HIDDEN, self.many_rows(torch.to(pixels, patch.dtype)), patch), 0, 0, n)";
    };
  }

  private static String gated(Kernels kernels) {
    return switch (kernels) {
      case PLAIN ->
          "torch.mul(torch.silu(torch.linear(h, w[b + 6], w[b + 7])), torch.linear(h, w[b + 8], w[b + 9]))";
      case PACKED, PACKED_WIDE -> "self.gated(h, w[b + 6], w[b + 7])";
    };
  }
}
