package krites.learner;

/**
 * The decoder's part of {@link PassScript}: {@code go_on} runs it forwards on embeddings and keeps
 * what {@code decoder_back} needs, which adds gradients to the total and gives that of the
 * embeddings.
 */
final class DecoderPasses {
  private DecoderPasses() {}

  /**
   * One graph of autograd, for networks whose projections have something beside them. {@code read}
   * gives the states that the backward pass needs and, last, its result.
   */
  static final String RECORDED =
      """
      def read(self, x: Tensor, rows: List[Tensor], looks: List[Tensor], recompute: bool, w: List[Tensor]) -> List[Tensor]:
        states = annotate(List[Tensor], [])
        rotary = self.rope(rows[1], x)
        start = x
        for i in range($LAYERS):
          if recompute:
            states.append(x)
          x = self.row_layer(x, rotary, looks, torch.add(torch.mul(i, 12), $FIRST), w)
        if recompute:
          states.append(x)
        else:
          states.append(start)
        states.append(self.last(x, rows, w))
        return states

      def go_on(self, seen: List[Tensor], rows: List[Tensor], looks: List[Tensor], recompute: bool, ps: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        x = self.embed(rows[0], rows[7], torch.detach(seen[-1]), w)
        if recompute:
          states = self.read(x, rows, looks, True, w)
        else:
          states = self.read(self.leaf(x), rows, looks, False, ps)
        return states

      def decoder_back(self, dh: Tensor, states: List[Tensor], rows: List[Tensor], looks: List[Tensor], recompute: bool, first: int, total: List[Tensor], ps: List[Tensor]) -> Tensor:
        if recompute:
          rotary = self.rope(rows[1], states[0])
          x = self.leaf(states[$LAYERS])
          d = self.back(self.last(x, rows, ps), dh, x, $NORM, torch.add($NORM, 1), first, total, ps)
          for j in range($LAYERS):
            i = torch.sub(torch.sub($LAYERS, 1), j)
            b = torch.add(torch.mul(i, 12), $FIRST)
            x = self.leaf(states[i])
            d = self.back(self.row_layer(x, rotary, looks, b, ps), d, x, b, torch.add(b, 12), first, total, ps)
        else:
          d = self.back(states[1], dh, states[0], $FIRST, torch.add($NORM, 1), first, total, ps)
        return torch.reshape(d, [-1, torch.size(d, 2)])
      """;

  /**
   * Autograd for attention alone; products, whose backward passes are products of {@link Products},
   * norms, rotation and the gate are written out. {@code layer_on} gives the result of a layer and
   * what {@code layer_back} needs: argument, normed, reciprocal root mean square, rotated queries
   * and keys, values, attended, residual, normed, its reciprocal, gate and up.
   */
  static final String WRITTEN_OUT =
      """
      def linear_back(self, dy: Tensor, x: Tensor, place: int, total: List[Tensor], ps: List[Tensor]) -> Tensor:
        n = self.put(self.crossed(dy, x), place, total)
        return self.handed(dy, ps[place])

      def bias_back(self, dy: Tensor, place: int, total: List[Tensor]) -> int:
        return self.put(torch.sum(self.flat(dy), [0], dtype=6), place, total)

      def segment_back(self, y: Tensor, dy: Tensor, inputs: List[Tensor]) -> List[Tensor]:
        found = torch.grad([y], inputs, annotate(List[Optional[Tensor]], [dy]), None, False, True)
        given = annotate(List[Tensor], [])
        for i in range(torch.len(inputs)):
          one = found[i]
          if one is None:
            given.append(torch.zeros_like(inputs[i]))
          else:
            given.append(torch.detach(one))
        return given

      def normed(self, x: Tensor, w: Tensor) -> List[Tensor]:
        wide = torch.to(x, 6)
        r = torch.rsqrt(torch.add(torch.mean(torch.mul(wide, wide), [-1], True), $EPS))
        return [torch.type_as(torch.mul(torch.mul(wide, r), torch.detach(w)), x), r]

      def norm_back(self, dy: Tensor, x: Tensor, r: Tensor, place: int, total: List[Tensor], ps: List[Tensor]) -> Tensor:
        w = torch.to(torch.detach(ps[place]), 6)
        wide = torch.mul(torch.to(x, 6), r)
        g = torch.to(dy, 6)
        t = torch.mul(g, wide)
        n = self.put(torch.sum(self.flat(t), [0]), place, total)
        c = torch.div(torch.unsqueeze(torch.matmul(t, w), -1), torch.size(w, 0))
        dx = torch.mul_(torch.addcmul_(torch.mul(g, w), wide, c, value=-1), r)
        return torch.type_as(dx, x)

      def turned_back(self, d: Tensor, rotary: List[Tensor]) -> Tensor:
        return self.side_by_side(self.rotate(d, rotary[0], torch.neg(rotary[1])))

      def side_by_side(self, x: Tensor) -> Tensor:
        return torch.reshape(torch.transpose(x, 1, 2), [torch.size(x, 0), torch.size(x, 2), -1])

      def layer_on(self, x: Tensor, rotary: List[Tensor], looks: List[Tensor], b: int, ps: List[Tensor]) -> List[Tensor]:
        h = self.normed(x, ps[b])
        q = self.leaf(self.rotate(self.heads_first(self.fed(h[0], ps[b + 1], torch.detach(ps[b + 2])), $HEADS), rotary[0], rotary[1]))
        k = self.leaf(self.rotate(self.heads_first(self.fed(h[0], ps[b + 3], torch.detach(ps[b + 4])), $KV), rotary[0], rotary[1]))
        v = self.leaf(self.heads_first(self.fed(h[0], ps[b + 5], torch.detach(ps[b + 6])), $KV))
        o = self.attend(q, k, v, looks)
        x2 = torch.add(x, self.fed(o, ps[b + 7]))
        h2 = self.normed(x2, ps[b + 8])
        g = self.fed(h2[0], ps[b + 9])
        u = self.fed(h2[0], ps[b + 10])
        y = torch.add(x2, self.fed(torch.mul_(torch.silu(g), u), ps[b + 11]))
        return [y, x, h[0], h[1], q, k, v, o, x2, h2[0], h2[1], g, u]

      def layer_back(self, dy: Tensor, s: List[Tensor], rotary: List[Tensor], b: int, total: List[Tensor], ps: List[Tensor]) -> Tensor:
        open = torch.silu(s[11])
        dm = self.linear_back(dy, torch.mul(open, s[12]), b + 11, total, ps)
        dg = torch.silu_backward(torch.mul(dm, s[12]), s[11])
        dh = self.linear_back(dg, s[9], b + 9, total, ps)
        dh = torch.add_(dh, self.linear_back(torch.mul_(open, dm), s[9], b + 10, total, ps))
        dx = torch.add_(self.norm_back(dh, s[8], s[10], b + 8, total, ps), dy)
        d = self.segment_back(s[7], self.linear_back(dx, s[7], b + 7, total, ps), [s[4], s[5], s[6]])
        parts = [self.turned_back(d[0], rotary), self.turned_back(d[1], rotary), self.side_by_side(d[2])]
        dh = self.linear_back(parts[0], s[2], b + 1, total, ps)
        dh = torch.add_(dh, self.linear_back(parts[1], s[2], b + 3, total, ps))
        dh = torch.add_(dh, self.linear_back(parts[2], s[2], b + 5, total, ps))
        for i in range(3):
          n = self.bias_back(parts[i], torch.add(torch.add(b, 2), torch.mul(i, 2)), total)
        return torch.add_(dx, self.norm_back(dh, s[1], s[3], b, total, ps))

      def go_on(self, seen: List[Tensor], rows: List[Tensor], looks: List[Tensor], recompute: bool, ps: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        x = self.embed(rows[0], rows[7], torch.detach(seen[-1]), w)
        rotary = self.rope(rows[1], x)
        states = annotate(List[Tensor], [])
        for i in range($LAYERS):
          s = self.layer_on(x, rotary, looks, torch.add(torch.mul(i, 12), $FIRST), ps)
          if recompute:
            states.append(x)
          else:
            states = torch.add(states, s)
          x = s[0]
        states.append(x)
        states.append(self.last(x, rows, w))
        return states

      def decoder_back(self, dh: Tensor, states: List[Tensor], rows: List[Tensor], looks: List[Tensor], recompute: bool, first: int, total: List[Tensor], ps: List[Tensor]) -> Tensor:
        rotary = self.rope(rows[1], states[0])
        x = self.leaf(states[-2])
        d = self.back(self.last(x, rows, ps), dh, x, $NORM, torch.add($NORM, 1), first, total, ps)
        for j in range($LAYERS):
          i = torch.sub(torch.sub($LAYERS, 1), j)
          b = torch.add(torch.mul(i, 12), $FIRST)
          if recompute:
            s = self.layer_on(states[i], rotary, looks, b, ps)
          else:
            s = torch.slice(states, torch.mul(i, 13), torch.mul(torch.add(i, 1), 13))
          d = self.layer_back(d, s, rotary, b, total, ps)
        return torch.reshape(d, [-1, torch.size(d, 2)])
      """;
}
