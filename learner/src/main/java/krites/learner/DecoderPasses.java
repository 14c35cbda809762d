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
   * Autograd for norms and attention alone; products, whose backward passes are products of {@link
   * Products}, and the gate between them are written out. {@code layer_on} gives the result of a
   * layer and what {@code layer_back} needs: argument, normed, queries, keys, values, attended,
   * residual, normed, gate and up.
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

      def layer_on(self, x: Tensor, rotary: List[Tensor], looks: List[Tensor], b: int, ps: List[Tensor]) -> List[Tensor]:
        x = self.leaf(x)
        h = self.norm(x, ps[b], $EPS)
        q = self.leaf(self.fed(h, ps[b + 1], torch.detach(ps[b + 2])))
        k = self.leaf(self.fed(h, ps[b + 3], torch.detach(ps[b + 4])))
        v = self.leaf(self.fed(h, ps[b + 5], torch.detach(ps[b + 6])))
        turned = self.rotate(self.heads_first(q, $HEADS), rotary[0], rotary[1])
        o = self.attend(turned, self.rotate(self.heads_first(k, $KV), rotary[0], rotary[1]), self.heads_first(v, $KV), looks)
        x2 = self.leaf(torch.add(torch.detach(x), self.fed(o, ps[b + 7])))
        h2 = self.norm(x2, ps[b + 8], $EPS)
        g = self.fed(h2, ps[b + 9])
        u = self.fed(h2, ps[b + 10])
        y = torch.add(torch.detach(x2), self.fed(torch.mul_(torch.silu(g), u), ps[b + 11]))
        return [y, x, h, q, k, v, o, x2, h2, g, u]

      def layer_back(self, dy: Tensor, s: List[Tensor], b: int, total: List[Tensor], ps: List[Tensor]) -> Tensor:
        open = torch.silu(s[9])
        dm = self.linear_back(dy, torch.mul(open, s[10]), b + 11, total, ps)
        dg = torch.silu_backward(torch.mul(dm, s[10]), s[9])
        dh = self.linear_back(dg, s[8], b + 9, total, ps)
        dh = torch.add_(dh, self.linear_back(torch.mul_(open, dm), s[8], b + 10, total, ps))
        d = self.segment_back(s[8], dh, [s[7], ps[b + 8]])
        n = self.put(d[1], b + 8, total)
        dx = torch.add(dy, d[0])
        d = self.segment_back(s[6], self.linear_back(dx, s[6], b + 7, total, ps), [s[3], s[4], s[5]])
        dh = self.linear_back(d[0], s[2], b + 1, total, ps)
        dh = torch.add_(dh, self.linear_back(d[1], s[2], b + 3, total, ps))
        dh = torch.add_(dh, self.linear_back(d[2], s[2], b + 5, total, ps))
        for i in range(3):
          n = self.bias_back(d[i], torch.add(torch.add(b, 2), torch.mul(i, 2)), total)
        d = self.segment_back(s[2], dh, [s[1], ps[b]])
        n = self.put(d[1], b, total)
        return torch.add_(dx, d[0])

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
            s = torch.slice(states, torch.mul(i, 11), torch.mul(torch.add(i, 1), 11))
          d = self.layer_back(d, s, b, total, ps)
        return torch.reshape(d, [-1, torch.size(d, 2)])
      """;
}
