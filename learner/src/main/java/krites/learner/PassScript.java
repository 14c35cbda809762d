package krites.learner;

import java.util.List;
import krites.model.qwen25vl.Qwen25VlConfig;
import krites.model.qwen25vl.WeightLayout;

/**
 * Forward and backward passes of training as TorchScript methods on top of the network's.
 *
 * <p>A pass is cut where memory would be largest. The head works on {@code chunk} tokens at a time,
 * so that the logits of all tokens never exist together: log-probabilities first, then, when the
 * loss is known, their gradient, whose formula is written out. Between the head, the decoder and
 * the vision tower gradients are handed on by hand. With {@code recompute} the decoder and the
 * tower keep the input of each block alone, and the backward pass runs each block again; every
 * operator sees the same arguments, so the gradients are the same.
 *
 * <p>Trained are the weights from place {@code first} on, and whatever a caller's list {@code w}
 * has behind those of the network. {@code total} has a float32 gradient for each, or an empty
 * tensor; gradients are added to it in place. {@code rows} is explained at {@link LearnerScript}.
 */
final class PassScript {
  private PassScript() {}

  /**
   * The methods for a network.
   *
   * @param decoder one of {@link DecoderPasses}
   * @param packed whether logits come from the network's {@code head(hidden, w)}, whose weights are
   *     packed, instead of a product of {@link Products}
   */
  static String text(Qwen25VlConfig config, String decoder, boolean packed) {
    List<String> names = WeightLayout.of(config).names();
    return (TEXT + decoder)
        .indent(2)
        .replace(
            "$SCORES", packed ? "self.head(hidden, w)" : "torch.to(self.fed(hidden, w[$HEADW]), 6)")
        .replace("$EPS", String.valueOf(config.normEpsilon()))
        .replace("$HEADS", String.valueOf(config.heads()))
        .replace("$KV", String.valueOf(config.keyValueHeads()))
        .replace("$DEPTH", String.valueOf(config.vision().depth()))
        .replace("$LAYERS", String.valueOf(config.layers()))
        .replace("$MERGER", String.valueOf(names.indexOf("visual.merger.ln_q.weight")))
        .replace("$EMBED", String.valueOf(names.indexOf(EMBEDDING)))
        .replace("$FIRST", String.valueOf(names.indexOf(EMBEDDING) + 1))
        .replace("$NORM", String.valueOf(names.indexOf("model.norm.weight")))
        .replace("$HEADW", String.valueOf(names.indexOf(config.tiedHead() ? EMBEDDING : HEAD)))
        .replace("$NAMES", String.valueOf(names.size()));
  }

  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  /**
   * {@code head_log_probs} gives the log-probability of each target, with {@code entropies} the
   * entropy there (else nothing, in its place), and the distributions of the last chunk, which
   * {@code head_gradient} takes up as {@code kept} if there is only one; {@code targets} says for
   * those of a chunk which of its rows predicts each, its id, and its place in the caller's order.
   * {@code see} and {@code read} are the forward passes of tower and decoder; each gives the states
   * that {@code backward} needs and, last, its result; {@code begin} and {@code go_on} run them
   * with the weights that gradients are wanted of. {@code put} adds a gradient to the total; its
   * number is of no use. {@code attend} takes queries, keys and values by heads (1, heads, N, D)
   * and gives (1, N, heads * D); {@code looks} are {@link AttentionParts} with masks as numbers to
   * add.
   */
  private static final String TEXT =
      """
      def trainable(self, w: List[Tensor], first: int) -> List[Tensor]:
        out = annotate(List[Tensor], [])
        for i in range(torch.len(w)):
          p = torch.detach(w[i])
          if torch.ge(i, first):
            p = torch.requires_grad_(p, True)
          out.append(p)
        return out

      def put(self, found: Optional[Tensor], i: int, total: List[Tensor]) -> int:
        if found is None:
          n = 0
        else:
          n = 1
          g = torch.to(torch.detach(found), 6)
          if torch.gt(torch.numel(total[i]), 0):
            torch.add_(total[i], g)
          else:
            torch._set_item(total, i, torch.contiguous(g))
        return n

      def chunks(self, m: int, chunk: int) -> int:
        return torch.floordiv(torch.sub(torch.add(m, chunk), 1), chunk)

      def part(self, x: Tensor, i: int, chunk: int) -> Tensor:
        from = torch.mul(i, chunk)
        n = torch.sub(torch.size(x, 0), from)
        if torch.gt(n, chunk):
          n = chunk
        return torch.narrow(x, 0, from, n)

      def distributions(self, hidden: Tensor, temperature: float, w: List[Tensor]) -> Tensor:
        return torch.log_softmax(torch.div_($SCORES, temperature), -1)

      def from_row(self, rows: Tensor, row: int) -> int:
        return int(torch.searchsorted(rows, row))

      def targets(self, rows: List[Tensor], i: int, chunk: int, count: int) -> List[Tensor]:
        if torch.eq(count, 1):
          given = [rows[3], rows[4], rows[5]]
        else:
          first = torch.mul(i, chunk)
          from = self.from_row(rows[3], first)
          n = torch.sub(self.from_row(rows[3], torch.add(first, chunk)), from)
          given = [torch.sub(torch.narrow(rows[3], 0, from, n), first), torch.narrow(rows[4], 0, from, n), torch.narrow(rows[5], 0, from, n)]
        return given

      def head_log_probs(self, hidden: Tensor, rows: List[Tensor], temperature: float, chunk: int, entropies: bool, w: List[Tensor]) -> List[Tensor]:
        chosen = annotate(List[Tensor], [])
        entropy = annotate(List[Tensor], [])
        logp = hidden
        count = self.chunks(torch.size(hidden, 0), chunk)
        for i in range(count):
          logp = self.distributions(self.part(hidden, i, chunk), temperature, w)
          t = self.targets(rows, i, chunk, count)
          chosen.append(torch.take(logp, torch.add(torch.mul(t[0], torch.size(logp, 1)), t[1])))
          if entropies:
            entropy.append(torch.neg(torch.sum(torch.mul_(torch.exp(logp), logp), [1])))
        lp = torch.index_select(torch.cat(chosen, 0), 0, rows[6])
        if entropies:
          h = torch.index_select(torch.index_select(torch.cat(entropy, 0), 0, rows[3]), 0, rows[6])
        else:
          h = torch.zeros([0])
        return [lp, h, logp]

      def head_gradient(self, hidden: Tensor, rows: List[Tensor], slope: Tensor, kept: Tensor, temperature: float, chunk: int, first: int, total: List[Tensor], w: List[Tensor]) -> Tensor:
        table = w[$HEADW]
        parts = annotate(List[Tensor], [])
        count = self.chunks(torch.size(hidden, 0), chunk)
        for i in range(count):
          h = self.part(hidden, i, chunk)
          if torch.eq(count, 1):
            logp = kept
          else:
            logp = self.distributions(h, temperature, w)
          t = self.targets(rows, i, chunk, count)
          g = torch.index_select(slope, 0, t[2])
          sums = torch.index_add(torch.new_zeros(g, [torch.size(logp, 0)]), 0, t[0], g)
          at = torch.add(torch.mul(t[0], torch.size(logp, 1)), t[1])
          d = torch.mul_(torch.exp_(logp), torch.unsqueeze(torch.neg(sums), 1))
          flat = torch.index_add_(torch.view(d, [-1]), 0, at, g)
          d = torch.type_as(torch.div_(d, temperature), table)
          parts.append(self.handed(d, table))
          if torch.ge($HEADW, first):
            n = self.put(self.crossed(d, h), $HEADW, total)
        return torch.cat(parts, 0)

      def vision_step(self, x: Tensor, rotary: List[Tensor], rows: List[Tensor], i: int, w: List[Tensor]) -> Tensor:
        b = torch.add(torch.mul(i, 12), 1)
        if self.sees_all(i):
          x = self.vision_block(x, rotary, rows[15], rows[16], rows[17], b, w)
        else:
          x = self.vision_block(x, rotary, rows[12], rows[13], rows[14], b, w)
        return x

      def see(self, rows: List[Tensor], recompute: bool, w: List[Tensor]) -> List[Tensor]:
        states = annotate(List[Tensor], [])
        if torch.gt(torch.len(rows), 8):
          if recompute:
            rotary = self.vision_rope(rows[9], rows[10])
            x = self.vision_stem(rows[8], rows[11], w[0])
            for i in range($DEPTH):
              states.append(x)
              x = self.vision_step(x, rotary, rows, i, w)
            states.append(x)
            states.append(self.vision_merger(x, rows[18], $MERGER, w))
          else:
            states.append(self.vision(rows[8], rows[9], rows[10], rows[11], rows[12], rows[13], rows[14], rows[15], rows[16], rows[17], rows[18], w))
        else:
          states.append(rows[7])
        return states

      def looks(self, parts: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        looks = annotate(List[Tensor], [])
        for i in range(torch.len(parts)):
          x = parts[i]
          if torch.eq(x.dtype, 11):
            x = torch.masked_fill(torch.zeros_like(x, dtype=w[$NORM].dtype), torch.logical_not(x), -1e+30)
          looks.append(x)
        return looks

      def table(self, x: Tensor) -> Tensor:
        return torch.reshape(torch.transpose(x, 1, 2), [torch.mul(torch.size(x, 0), torch.size(x, 2)), torch.mul(torch.size(x, 1), torch.size(x, 3))])

      def taken(self, table: Tensor, places: Tensor, like: Tensor) -> Tensor:
        rows = torch.embedding(table, places)
        return torch.transpose(torch.view(rows, [torch.size(places, 0), torch.size(places, 1), torch.size(like, 1), torch.size(like, 3)]), 1, 2)

      def attend(self, q: Tensor, k: Tensor, v: Tensor, looks: List[Tensor]) -> Tensor:
        qs = self.table(q)
        ks = self.table(k)
        vs = self.table(v)
        found = annotate(List[Tensor], [])
        for i in range(torch.floordiv(torch.len(looks), 3)):
          at = torch.mul(i, 3)
          keys = self.every_head(self.taken(ks, looks[at + 1], k))
          values = self.every_head(self.taken(vs, looks[at + 1], v))
          found.append(self.table(torch.scaled_dot_product_attention(self.taken(qs, looks[at], q), keys, values, looks[at + 2])))
        o = torch.embedding(torch.cat(found, 0), looks[-1])
        return torch.unsqueeze(o, 0)

      def row_layer(self, x: Tensor, rotary: List[Tensor], looks: List[Tensor], b: int, w: List[Tensor]) -> Tensor:
        heads = self.attention_in(x, rotary, b, w)
        return self.attention_out(x, self.attend(heads[0], heads[1], heads[2], looks), b, w)

      def last(self, x: Tensor, rows: List[Tensor], w: List[Tensor]) -> Tensor:
        return self.last_norm(torch.index_select(torch.reshape(x, [-1, torch.size(x, 2)]), 0, rows[2]), w)

      def unrecorded(self, x: Tensor, rows: List[Tensor], looks: List[Tensor], w: List[Tensor]) -> Tensor:
        rotary = self.rope(rows[1], x)
        for i in range($LAYERS):
          x = self.row_layer(x, rotary, looks, torch.add(torch.mul(i, 12), $FIRST), w)
        return self.last(x, rows, w)

      def begin(self, rows: List[Tensor], recompute: bool, first: int, ps: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        if torch.gt(first, 0):
          seen = self.see(rows, False, w)
        else:
          if recompute:
            seen = self.see(rows, True, w)
          else:
            seen = self.see(rows, False, ps)
        return seen

      def back(self, y: Tensor, dy: Tensor, x: Tensor, from: int, to: int, first: int, total: List[Tensor], ps: List[Tensor]) -> Tensor:
        inputs = [x]
        places = annotate(List[int], [])
        for i in range(torch.len(ps)):
          if torch.ge(i, first):
            own = torch.__and__(torch.ge(i, from), torch.lt(i, to))
            if torch.__or__(own, torch.ge(i, $NAMES)):
              inputs.append(ps[i])
              places.append(i)
        found = torch.grad([y], inputs, annotate(List[Optional[Tensor]], [dy]), None, False, True)
        for k in range(torch.len(places)):
          n = self.put(found[torch.add(k, 1)], places[k], total)
        dx = found[0]
        if dx is None:
          result = torch.zeros_like(x)
        else:
          result = torch.detach(dx)
        return result

      def leaf(self, x: Tensor) -> Tensor:
        return torch.requires_grad_(torch.detach(x), True)

      def vision_back(self, d: Tensor, seen: List[Tensor], rows: List[Tensor], recompute: bool, total: List[Tensor], ps: List[Tensor]) -> int:
        if recompute:
          rotary = self.vision_rope(rows[9], rows[10])
          x = self.leaf(seen[$DEPTH])
          d = self.back(self.vision_merger(x, rows[18], $MERGER, ps), d, x, $MERGER, $EMBED, 0, total, ps)
          for j in range($DEPTH):
            i = torch.sub(torch.sub($DEPTH, 1), j)
            b = torch.add(torch.mul(i, 12), 1)
            x = self.leaf(seen[i])
            d = self.back(self.vision_step(x, rotary, rows, i, ps), d, x, b, torch.add(b, 12), 0, total, ps)
          stem = self.back(self.vision_stem(rows[8], rows[11], ps[0]), d, ps[0], 0, 0, 0, total, ps)
        else:
          stem = self.back(seen[0], d, ps[0], 1, $EMBED, 0, total, ps)
        return self.put(stem, 0, total)

      def embed_back(self, d: Tensor, rows: List[Tensor], total: List[Tensor], w: List[Tensor]) -> int:
        if torch.eq(torch.numel(total[$EMBED]), 0):
          torch._set_item(total, $EMBED, torch.zeros_like(w[$EMBED], dtype=6))
        text = torch.index_fill(torch.to(d, 6), 0, rows[7], 0.0)
        torch.index_add_(total[$EMBED], 0, torch.reshape(rows[0], [-1]), text)
        return 1

      def backward(self, dh: Tensor, seen: List[Tensor], states: List[Tensor], rows: List[Tensor], looks: List[Tensor], recompute: bool, first: int, total: List[Tensor], ps: List[Tensor]) -> int:
        d = self.decoder_back(dh, states, rows, looks, recompute, first, total, ps)
        if torch.ge($EMBED, first):
          n = self.embed_back(d, rows, total, ps)
        if torch.eq(first, 0):
          if torch.gt(torch.len(rows), 8):
            n = self.vision_back(torch.index_select(d, 0, rows[7]), seen, rows, recompute, total, ps)
        return 1

      """;
}
