package krites.rollout;

/**
 * Sampling as TorchScript methods, which need no network.
 *
 * <p>Shapes: B sequences, V vocabulary, F forbidden tokens, beside which all from {@code tail} on
 * are forbidden. What differs from sequence to sequence is a tensor: temperature, top-p and penalty
 * (B, 1) in float32, top-k (B, 1) in int64.
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
 *       second softmax is made. {@code logits} are of any number type and stay as they are; {@code
 *       p} (B, V) in float32 is the caller's and receives the probabilities;
 *   <li>{@code spread} is the part of it that passes over the vocabulary. On a CPU it sees as many
 *       rows at once as keep half a million numbers, which stay in the caches from pass to pass: at
 *       32 rows of 151,936 tokens each pass over all rows would fetch 19 MB and allocate as much.
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

      def forbid(self, z: Tensor, forbidden: Tensor, tail: int) -> Tensor:
        beyond = torch.sub(torch.size(z, -1), tail)
        if torch.gt(beyond, 0):
          torch.fill_(torch.narrow(z, -1, tail, beyond), -inf)
        return torch.index_fill_(z, -1, forbidden, -inf)

      def shape_logits(self, logits: Tensor, seen: Tensor, forbidden: Tensor, tail: int, temperature: Tensor, top_k: Tensor, top_p: Tensor, penalty: Tensor, most: int, narrowed: bool) -> Tensor:
        punished = torch.where(torch.lt(logits, 0), torch.mul(logits, penalty), torch.div(logits, penalty))
        z = torch.div(torch.where(seen, punished, logits), self.divisor(temperature))
        self.forbid(z, forbidden, tail)
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
        p = torch.softmax(shaped, -1)
        return self.draw(p, self.block_sums(p), uniform)

      def block_sums(self, p: Tensor) -> Tensor:
        block = self.block_size(torch.size(p, 1))
        parts = torch.view(p, [torch.size(p, 0), torch.floordiv(torch.size(p, 1), block), block])
        return torch.sum(parts, [-1], False, dtype=7)

      def draw(self, p: Tensor, sums: Tensor, uniform: Tensor) -> Tensor:
        rows = torch.size(p, 0)
        block = self.block_size(torch.size(p, 1))
        blocks = torch.floordiv(torch.size(p, 1), block)
        parts = torch.view(p, [rows, blocks, block])
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

      def spread(self, logits: Tensor, p: Tensor, seen: Tensor, forbidden: Tensor, tail: int, temperature: Tensor, top_k: Tensor, top_p: Tensor, penalty: Tensor, most: int, narrowed: bool, shaped: bool, some_greedy: bool) -> List[Tensor]:
        torch.div(logits, self.divisor(temperature), out=p)
        if shaped:
          whole = torch.logsumexp(p, [-1], True)
          z = self.shape_logits(torch.to(logits, 6), seen, forbidden, tail, temperature, top_k, top_p, penalty, most, narrowed)
        else:
          never = torch.index_select(p, -1, forbidden)
          beyond = torch.sub(torch.size(p, -1), tail)
          if torch.gt(beyond, 0):
            never = torch.cat([never, torch.narrow(p, -1, tail, beyond)], -1)
          whole = torch.logsumexp(never, [-1], True)
          self.forbid(p, forbidden, tail)
          z = p
        best = torch.zeros([0])
        if some_greedy:
          best = torch.argmax(z, -1, True)
        torch._softmax(z, -1, False, out=p)
        return [whole, self.block_sums(p), best]

      def rows_at_once(self, logits: Tensor) -> int:
        most = torch.floordiv(524288, torch.size(logits, 1))
        if torch.lt(most, 1):
          most = 1
        if torch.gt(most, torch.size(logits, 0)):
          most = torch.size(logits, 0)
        if logits.is_cuda:
          most = torch.size(logits, 0)
        return most

      def choose(self, logits: Tensor, p: Tensor, uniform: Tensor, seen: Tensor, forbidden: Tensor, tail: int, temperature: Tensor, top_k: Tensor, top_p: Tensor, penalty: Tensor, most: int, narrowed: bool, penalised: bool, shaped: bool, some_greedy: bool, some_drawn: bool) -> List[Tensor]:
        rows = torch.size(logits, 0)
        at_once = self.rows_at_once(logits)
        if torch.eq(at_once, rows):
          found = self.spread(logits, p, seen, forbidden, tail, temperature, top_k, top_p, penalty, most, narrowed, shaped, some_greedy)
        else:
          wholes = annotate(List[Tensor], [])
          sums = annotate(List[Tensor], [])
          bests = annotate(List[Tensor], [])
          for i in range(torch.floordiv(torch.sub(torch.add(rows, at_once), 1), at_once)):
            start = torch.mul(i, at_once)
            count = at_once
            if torch.gt(torch.add(start, count), rows):
              count = torch.sub(rows, start)
            met = seen
            if penalised:
              met = torch.narrow(seen, 0, start, count)
            part = self.spread(torch.narrow(logits, 0, start, count), torch.narrow(p, 0, start, count), met, forbidden, tail, torch.narrow(temperature, 0, start, count), torch.narrow(top_k, 0, start, count), torch.narrow(top_p, 0, start, count), torch.narrow(penalty, 0, start, count), most, narrowed, shaped, some_greedy)
            wholes.append(part[0])
            sums.append(part[1])
            bests.append(part[2])
          found = [torch.cat(wholes, 0), torch.cat(sums, 0), torch.cat(bests, 0)]
        whole = found[0]
        best = found[2]
        greedy = torch.le(temperature, 0.0)
        if some_drawn:
          token = torch.unsqueeze(self.draw(p, found[1], uniform), 1)
          if some_greedy:
            token = torch.where(greedy, best, token)
        else:
          token = best
        sampled = torch.log(torch.gather(p, -1, token))
        chosen = torch.div(torch.gather(logits, -1, token), self.divisor(temperature))
        if torch.__not__(shaped):
          whole = torch.logaddexp(torch.sub(chosen, sampled), whole)
        logp = torch.sub(chosen, whole)
        sampled = torch.masked_fill(sampled, greedy, 0.0)
        return [torch.squeeze(token, 1), torch.squeeze(logp, 1), torch.squeeze(sampled, 1)]
      """
          .indent(2);
}
