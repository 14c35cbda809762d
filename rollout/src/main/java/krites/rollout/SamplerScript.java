package krites.rollout;

/**
 * Sampling as TorchScript methods, which need no network.
 *
 * <p>Shapes: B sequences, V vocabulary, F forbidden tokens. What differs from sequence to sequence
 * is a tensor: temperature, top-p and penalty (B, 1) in float32, top-k (B, 1) in int64.
 *
 * <ul>
 *   <li>{@code shape_logits} follows the order of transformers: repetition penalty, temperature,
 *       top-k, top-p. A row that wants none of them has penalty 1, top-k V, top-p 1, and goes
 *       through unchanged beside one that does. A temperature of 0 divides by 1;
 *   <li>{@code pick} draws by the inverse cumulative distribution, so one uniform number decides
 *       one token. It sums blocks of the vocabulary first and looks into one block only: a pass
 *       over the vocabulary in float32 where a cumulative sum in float64 would take three of twice
 *       the width. A token of probability 0 is never drawn, whatever the rounding;
 *   <li>{@code choose} gives the token (B), its log-probability under softmax(logits /
 *       temperature), which training uses, and its log-probability under the distribution that it
 *       was drawn from: without forbidden tokens and after penalty, top-k and top-p (0 where the
 *       temperature is 0, for nothing is drawn there). Where no row is shaped, neither a sort nor a
 *       second softmax is made.
 * </ul>
 */
final class SamplerScript {
  private SamplerScript() {}

  static final String TEXT =
      """
      def divisor(self, temperature: Tensor) -> Tensor:
        return torch.where(torch.gt(temperature, 0.0), temperature, torch.ones_like(temperature))

      def keep_top_k(self, z: Tensor, top_k: Tensor, most: int) -> Tensor:
        best = torch.topk(z, most, -1)
        least = torch.gather(best[0], -1, torch.sub(torch.clamp(top_k, 1, most), 1))
        least = torch.masked_fill(least, torch.gt(top_k, most), -inf)
        return torch.masked_fill(z, torch.lt(z, least), -inf)

      def keep_top_p(self, z: Tensor, top_p: Tensor) -> Tensor:
        sorted = torch.sort(z, -1, False)
        below = torch.le(torch.cumsum(torch.softmax(sorted[0], -1), -1), torch.rsub(top_p, 1.0))
        last = torch.sub(torch.size(z, -1), 1)
        torch.fill_(torch.narrow(below, -1, last, 1), False)
        below = torch.logical_and(below, torch.lt(top_p, 1.0))
        return torch.masked_fill(z, torch.scatter(torch.zeros_like(below), -1, sorted[1], below), -inf)

      def shape_logits(self, logits: Tensor, seen: Tensor, forbidden: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor, penalty: Tensor, most: int, narrowed: bool) -> Tensor:
        punished = torch.where(torch.lt(logits, 0), torch.mul(logits, penalty), torch.div(logits, penalty))
        z = torch.div(torch.where(seen, punished, logits), self.divisor(temperature))
        torch.index_fill_(z, -1, forbidden, -inf)
        if torch.gt(most, 0):
          z = self.keep_top_k(z, top_k, most)
        if narrowed:
          z = self.keep_top_p(z, top_p)
        return z

      def block_size(self, size: int) -> int:
        block = 512
        while torch.ne(torch.remainder(size, block), 0):
          block = torch.floordiv(block, 2)
        return block

      def pick(self, shaped: Tensor, uniform: Tensor) -> Tensor:
        return self.draw(torch.softmax(shaped, -1), uniform)

      def draw(self, p: Tensor, uniform: Tensor) -> Tensor:
        rows = torch.size(p, 0)
        block = self.block_size(torch.size(p, 1))
        blocks = torch.floordiv(torch.size(p, 1), block)
        parts = torch.view(p, [rows, blocks, block])
        sums = torch.sum(parts, [-1], False, dtype=7)
        ends = torch.cumsum(sums, -1)
        total = torch.narrow(ends, -1, torch.sub(blocks, 1), 1)
        nothing = torch.zeros_like(total)
        target = torch.minimum(torch.mul(torch.unsqueeze(uniform, 1), total), torch.nextafter(total, nothing))
        at = torch.searchsorted(ends, target, out_int32=False, right=True)
        start = torch.sub(torch.gather(ends, -1, at), torch.gather(sums, -1, at))
        place = torch.expand(torch.unsqueeze(at, -1), [rows, 1, block])
        inside = torch.cumsum(torch.squeeze(torch.gather(parts, 1, place), 1), -1, dtype=7)
        inside = torch.add(inside, start)
        end = torch.narrow(inside, -1, torch.sub(block, 1), 1)
        target = torch.maximum(torch.minimum(target, torch.nextafter(end, nothing)), start)
        within = torch.searchsorted(inside, target, out_int32=False, right=True)
        within = torch.clamp(within, None, torch.sub(block, 1))
        return torch.squeeze(torch.add(torch.mul(at, block), within), 1)

      def choose(self, logits: Tensor, uniform: Tensor, seen: Tensor, forbidden: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor, penalty: Tensor, most: int, narrowed: bool, shaped: bool, some_greedy: bool, some_drawn: bool) -> List[Tensor]:
        plain = torch.div(logits, self.divisor(temperature))
        if shaped:
          whole = torch.logsumexp(plain, [-1], True)
          z = self.shape_logits(logits, seen, forbidden, temperature, top_k, top_p, penalty, most, narrowed)
        else:
          whole = torch.logsumexp(torch.index_select(plain, -1, forbidden), [-1], True)
          torch.index_fill_(plain, -1, forbidden, -inf)
          z = plain
        p = torch.softmax(z, -1)
        greedy = torch.le(temperature, 0.0)
        if some_drawn:
          token = torch.unsqueeze(self.draw(p, uniform), 1)
          if some_greedy:
            token = torch.where(greedy, torch.argmax(z, -1, True), token)
        else:
          token = torch.argmax(z, -1, True)
        sampled = torch.log(torch.gather(p, -1, token))
        chosen = torch.gather(plain, -1, token)
        if torch.__not__(shaped):
          whole = torch.logaddexp(torch.sub(chosen, sampled), whole)
        logp = torch.sub(chosen, whole)
        sampled = torch.masked_fill(sampled, greedy, 0.0)
        return [torch.squeeze(token, 1), torch.squeeze(logp, 1), torch.squeeze(sampled, 1)]
      """
          .indent(2);
}
