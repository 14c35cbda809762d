package krites.rollout;

import java.util.ArrayList;
import java.util.List;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.NetworkScript;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * Reading prompts and decoding as TorchScript methods on top of the network's layers.
 *
 * <p>Shapes: T tokens, B sequences, H hidden, D head size, K key-value heads, R query heads of each
 * of them, L layers, n tokens of a chunk. Keys and values are kept token by token, the K heads of a
 * token side by side, so that a token is written with one copy and attention sees (1 or B, K, T, D)
 * as a view. They lie in
 *
 * <ul>
 *   <li>segments (2L, tokens, K * D): a prompt, once for all its responses; keys of a layer, then
 *       its values;
 *   <li>the table: 2L tensors (rows, columns, K * D): what each sequence has of its own.
 * </ul>
 *
 * <p>Methods:
 *
 * <ul>
 *   <li>{@code attend(q, k, v, mask, causal)} gives [heads' results, log-sum-exp of the scores], by
 *       PyTorch's flash kernel on the CPU and by plain operators elsewhere; two results over
 *       disjoint keys are one by {@code merge}: {@code o = s a + (1 - s) b} with {@code s =
 *       sigmoid(lse a - lse b)} (Dao et al., FlashAttention, arXiv 2205.14135, section 3.1);
 *   <li>{@code read} reads pieces of segments, packed into one row without padding; a piece sees
 *       itself backwards, what its segment has before it, and a parent segment;
 *   <li>{@code place} copies a segment into a row of the table, {@code move_rows} rows onto others,
 *       {@code clean} makes columns finite before anything looks at them through a mask;
 *   <li>{@code generate} alternates: feed a token, choose the next. Attention has two parts, a
 *       segment with the queries of all its sequences at once, and the sequences' own columns. A
 *       finished sequence goes on with the pad token, which nobody reads. {@code fed} says of which
 *       sequence each row of the layers is, all of them first ({@link FedRows});
 *   <li>{@code read_matrices}, on packed weights, puts rows through the matrices of some layers.
 * </ul>
 */
public final class RolloutScript {
  private RolloutScript() {}

  /** The network's methods and those of the rollout, on plain weights. */
  public static List<String> methods(Qwen25VlConfig config) {
    return methods(config, Kernels.PLAIN);
  }

  /** The same on weights as the kernels take them. */
  public static List<String> methods(Qwen25VlConfig config, Kernels kernels) {
    List<String> methods = new ArrayList<>(NetworkScript.methods(config, kernels));
    methods.add(SamplerScript.TEXT);
    methods.add(ATTENTION);
    methods.add(reading(config));
    methods.add(decoding(config));
    if (kernels.packed()) {
      methods.add(matrices(config));
    }
    return List.copyOf(methods);
  }

  /** The sampler alone, which needs no network. */
  public static List<String> samplerMethods() {
    return List.of(SamplerScript.TEXT);
  }

  private static final String ATTENTION =
      """
      def attend_plain(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool) -> List[Tensor]:
        scale = torch.pow(torch.size(q, -1), -0.5)
        scores = torch.mul(torch.matmul(torch.to(q, 6), torch.transpose(torch.to(k, 6), -2, -1)), scale)
        if mask is not None:
          scores = torch.add(scores, mask)
        if causal:
          t = torch.size(q, -2)
          scores = torch.add(scores, torch.triu(torch.full([t, t], -inf, dtype=6, device=q.device), 1))
        lse = torch.logsumexp(scores, [-1], True)
        o = torch.matmul(torch.exp(torch.sub(scores, lse)), torch.to(v, 6))
        return [torch.type_as(o, q), torch.squeeze(lse, -1)]

      def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool) -> List[Tensor]:
        if q.is_cuda:
          return self.attend_plain(q, k, v, mask, causal)
        out = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal, attn_mask=mask)
        return [out[0], out[1]]

      def merge(self, a: List[Tensor], b: List[Tensor]) -> List[Tensor]:
        share = torch.unsqueeze(torch.sigmoid(torch.sub(a[1], b[1])), -1)
        return [torch.lerp(b[0], a[0], torch.type_as(share, b[0])), torch.logaddexp(a[1], b[1])]

      def place(self, table: List[Tensor], row: int, segment: Tensor, tokens: int) -> Tensor:
        for i in range(torch.len(table)):
          part = torch.narrow(torch.select(segment, 0, i), 0, 0, tokens)
          torch.copy_(torch.narrow(torch.select(table[i], 0, row), 0, 0, tokens), part)
        return torch.zeros([0])

      def move_rows(self, table: List[Tensor], start: Tensor, target: Tensor, columns: int) -> Tensor:
        for i in range(torch.len(table)):
          used = torch.narrow(table[i], 1, 0, columns)
          torch.index_copy_(used, 0, target, torch.index_select(used, 0, start))
        return torch.zeros([0])

      def clean(self, table: List[Tensor], start: int, columns: int) -> Tensor:
        for i in range(torch.len(table)):
          torch.zero_(torch.narrow(table[i], 1, start, columns))
        return torch.zeros([0])

      def rows_of(self, x: Tensor, start: int, count: int) -> Tensor:
        return torch.clone(torch.narrow(x, 0, start, count))

      def wider(self, old: Tensor, rows: int, columns: int, kept_rows: int, kept_columns: int) -> Tensor:
        fresh = torch.empty([rows, columns, torch.size(old, 2)], dtype=old.dtype, device=old.device)
        torch.zero_(torch.narrow(fresh, 1, 0, kept_columns))
        kept = torch.narrow(torch.narrow(old, 0, 0, kept_rows), 1, 0, kept_columns)
        torch.copy_(torch.narrow(torch.narrow(fresh, 0, 0, kept_rows), 1, 0, kept_columns), kept)
        return fresh
      """
          .indent(2);

  private static String reading(Qwen25VlConfig config) {
    return withSizes(
        """
        def segment_heads(self, segment: Tensor, at: int, length: int) -> Tensor:
          part = torch.narrow(torch.select(segment, 0, at), 0, 0, length)
          return torch.unsqueeze(torch.transpose(torch.view(part, [length, $KV, $SIZE]), 0, 1), 0)

        def look_back(self, q: Tensor, segment: Tensor, layer: int, length: int) -> List[Tensor]:
          t = torch.size(q, 2)
          k = self.segment_heads(segment, torch.mul(layer, 2), length)
          v = self.segment_heads(segment, torch.add(torch.mul(layer, 2), 1), length)
          seen = self.attend(torch.reshape(q, [1, $KV, torch.mul($REPEAT, t), $SIZE]), k, v, None, False)
          return [torch.reshape(seen[0], [1, $HEADS, t, $SIZE]), torch.reshape(seen[1], [1, $HEADS, t])]

        def keep(self, segment: Tensor, at: int, start: int, x: Tensor) -> Tensor:
          t = torch.size(x, 2)
          flat = torch.reshape(torch.transpose(x, 1, 2), [t, $WIDTH])
          return torch.copy_(torch.narrow(torch.select(segment, 0, at), 0, start, t), flat)

        def read(self, ids: Tensor, image_at: Tensor, image: List[Tensor], image_rows: List[int], positions: Tensor, sizes: List[int], segments: List[Tensor], starts: List[int], parents: List[Tensor], parent_of: List[int], parent_lengths: List[int], w: List[Tensor]) -> Tensor:
          parts = annotate(List[Tensor], [])
          for i in range(torch.len(image)):
            parts.append(torch.narrow(image[i], 0, image_rows[torch.mul(i, 2)], image_rows[torch.add(torch.mul(i, 2), 1)]))
          if torch.gt(torch.len(parts), 0):
            x = self.embed(ids, image_at, torch.cat(parts, 0), w)
          else:
            x = self.embed(ids, image_at, torch.zeros([0], device=ids.device), w)
          rotary = self.rope(positions, x)
          for layer in range($LAYERS):
            heads = self.attention_in(x, rotary, $BEGIN, w)
            qs = torch.split_with_sizes(heads[0], sizes, 2)
            ks = torch.split_with_sizes(heads[1], sizes, 2)
            vs = torch.split_with_sizes(heads[2], sizes, 2)
            outs = annotate(List[Tensor], [])
            for i in range(torch.len(sizes)):
              self.keep(segments[i], torch.mul(layer, 2), starts[i], ks[i])
              self.keep(segments[i], torch.add(torch.mul(layer, 2), 1), starts[i], vs[i])
              if torch.lt(layer, $LAST):
                k = torch.repeat_interleave(ks[i], $REPEAT, 1)
                v = torch.repeat_interleave(vs[i], $REPEAT, 1)
                seen = self.attend(qs[i], k, v, None, True)
                if torch.gt(starts[i], 0):
                  seen = self.merge(seen, self.look_back(qs[i], segments[i], layer, starts[i]))
                if torch.ge(parent_of[i], 0):
                  seen = self.merge(seen, self.look_back(qs[i], parents[parent_of[i]], layer, parent_lengths[i]))
                outs.append(seen[0])
            if torch.lt(layer, $LAST):
              o = torch.reshape(torch.transpose(torch.cat(outs, 2), 1, 2), [1, torch.size(x, 1), $QUERIES])
              x = self.attention_out(x, o, $BEGIN, w)
          return torch.zeros([0])
        """,
        config);
  }

  private static String decoding(Qwen25VlConfig config) {
    return withSizes(
        """
        def segment_views(self, segments: List[Tensor], lengths: List[int]) -> List[Tensor]:
          views = annotate(List[Tensor], [])
          for layer in range($LAYERS):
            for i in range(torch.len(segments)):
              views.append(self.segment_heads(segments[i], torch.mul(layer, 2), lengths[i]))
              views.append(self.segment_heads(segments[i], torch.add(torch.mul(layer, 2), 1), lengths[i]))
          return views

        def look_at_segments(self, q: Tensor, sizes: List[int], views: List[Tensor], first: int) -> List[Tensor]:
          rows = torch.size(q, 0)
          parts = torch.split_with_sizes(torch.transpose(q, 0, 1), sizes, 1)
          outs = annotate(List[Tensor], [])
          lses = annotate(List[Tensor], [])
          for i in range(torch.len(sizes)):
            at = torch.add(first, torch.mul(i, 2))
            together = torch.reshape(parts[i], [1, $KV, torch.mul(sizes[i], $REPEAT), $SIZE])
            seen = self.attend(together, views[at], views[torch.add(at, 1)], None, False)
            outs.append(seen[0])
            lses.append(seen[1])
          o = torch.transpose(torch.reshape(torch.cat(outs, 2), [$KV, rows, $REPEAT, $SIZE]), 0, 1)
          lse = torch.transpose(torch.reshape(torch.cat(lses, 2), [$KV, rows, $REPEAT]), 0, 1)
          return [o, lse]

        def own_heads(self, cache: Tensor, rows: int, columns: int) -> Tensor:
          part = torch.narrow(torch.narrow(cache, 0, 0, rows), 1, 0, columns)
          return torch.transpose(torch.view(part, [rows, columns, $KV, $SIZE]), 1, 2)

        def with_idle_rows(self, x: Tensor, fed: Tensor) -> Tensor:
          if torch.eq(torch.size(x, 0), torch.size(fed, 0)):
            return x
          return torch.index_select(x, 0, fed)

        def without_idle_rows(self, heads: List[Tensor], rows: int) -> List[Tensor]:
          if torch.eq(torch.size(heads[0], 0), rows):
            return heads
          used = annotate(List[Tensor], [])
          for i in range(torch.len(heads)):
            used.append(torch.narrow(heads[i], 0, 0, rows))
          return used

        def step(self, token: Tensor, fed: Tensor, rotary: List[Tensor], flat: Tensor, mask: Tensor, table: List[Tensor], order: Tensor, sizes: List[int], views: List[Tensor], w: List[Tensor]) -> Tensor:
          rows = torch.size(token, 0)
          columns = torch.size(mask, 3)
          x = self.embed(torch.unsqueeze(self.with_idle_rows(token, fed), 1), torch.zeros([0], dtype=4, device=token.device), mask, w)
          for layer in range($LAYERS):
            heads = self.without_idle_rows(self.attention_in(x, rotary, $BEGIN, w), rows)
            keys = table[torch.mul(layer, 2)]
            values = table[torch.add(torch.mul(layer, 2), 1)]
            torch.index_copy_(torch.view(keys, [-1, $WIDTH]), 0, flat, torch.reshape(heads[1], [rows, $WIDTH]))
            torch.index_copy_(torch.view(values, [-1, $WIDTH]), 0, flat, torch.reshape(heads[2], [rows, $WIDTH]))
            q = torch.reshape(heads[0], [rows, $KV, $REPEAT, $SIZE])
            own = self.attend(q, self.own_heads(keys, rows, columns), self.own_heads(values, rows, columns), mask, False)
            o = own[0]
            if torch.gt(torch.len(sizes), 0):
              first = torch.mul(torch.mul(layer, 2), torch.len(sizes))
              shared = self.look_at_segments(torch.index_select(q, 0, order), sizes, views, first)
              mine = [torch.index_select(o, 0, order), torch.index_select(own[1], 0, order)]
              o = torch.index_copy(torch.contiguous(o), 0, order, self.merge(mine, shared)[0])
            o = self.with_idle_rows(torch.reshape(o, [rows, 1, $QUERIES]), fed)
            x = self.attention_out(x, o, $BEGIN, w)
          logits = torch.squeeze(self.raw_head(self.last_norm(x, w), w), 1)
          return torch.narrow(logits, 0, 0, rows)

        def met(self, ids: Tensor, size: int) -> Tensor:
          seen = torch.zeros([torch.size(ids, 0), size], dtype=11, device=ids.device)
          return torch.scatter(seen, 1, ids, True)

        def generate(self, state: Tensor, fed: Tensor, longest: int, table: List[Tensor], order: Tensor, sizes: List[int], segments: List[Tensor], lengths: List[int], uniforms: Tensor, ids: Tensor, forbidden: Tensor, tail: int, stops: Tensor, pad: int, knobs: Tensor, top_k: Tensor, most: int, narrowed: bool, penalised: bool, some_greedy: bool, some_drawn: bool, w: List[Tensor]) -> List[Tensor]:
          token = state[0]
          column = state[1]
          position = state[2]
          temperature = knobs[0]
          top_p = knobs[1]
          penalty = knobs[2]
          tokens = annotate(List[Tensor], [])
          logps = annotate(List[Tensor], [])
          drawn = annotate(List[Tensor], [])
          rows = torch.size(token, 0)
          n = torch.size(uniforms, 1)
          wide = torch.size(table[0], 1)
          views = self.segment_views(segments, lengths)
          steps = torch.arange(0, n, 1, dtype=4, device=token.device)
          positions = torch.add(torch.unsqueeze(position, 1), steps)
          like = torch.narrow(torch.view(table[0], [-1]), 0, 0, 1)
          every = self.with_idle_rows(positions, fed)
          rotary = self.rope(torch.expand(every, [3, torch.size(every, 0), n]), like)
          cosines = torch.split(rotary[0], 1, 2)
          sines = torch.split(rotary[1], 1, 2)
          at = torch.clamp(torch.add(torch.unsqueeze(column, 1), steps), None, torch.sub(wide, 1))
          begin = torch.mul(torch.arange(0, rows, 1, dtype=4, device=token.device), wide)
          flat = torch.add(at, torch.unsqueeze(begin, 1))
          all = torch.arange(0, wide, 1, dtype=4, device=token.device)
          done = torch.zeros([rows], dtype=11, device=token.device)
          seen = torch.zeros([1, 1], dtype=11, device=token.device)
          shaped = torch.__or__(torch.__or__(penalised, narrowed), torch.gt(most, 0))
          logits = torch.zeros([0])
          p = torch.zeros([0])
          for i in range(n):
            columns = torch.add(torch.add(longest, i), 1)
            if torch.gt(columns, wide):
              columns = wide
            hidden = torch.gt(torch.narrow(all, 0, 0, columns), torch.narrow(at, 1, i, 1))
            mask = torch.zeros([rows, 1, 1, columns], dtype=like.dtype, device=token.device)
            torch.masked_fill_(mask, torch.view(hidden, [rows, 1, 1, columns]), -inf)
            logits = self.step(token, fed, [cosines[i], sines[i]], torch.select(flat, 1, i), mask, table, order, sizes, views, w)
            if torch.__and__(penalised, torch.eq(i, 0)):
              seen = self.met(ids, torch.size(logits, 1))
            if torch.eq(i, 0):
              p = torch.empty([rows, torch.size(logits, 1)], dtype=6, device=token.device)
            out = self.choose(logits, p, torch.select(uniforms, 1, i), seen, forbidden, tail, temperature, top_k, top_p, penalty, most, narrowed, penalised, shaped, some_greedy, some_drawn)
            token = torch.masked_fill(out[0], done, pad)
            tokens.append(token)
            logps.append(torch.masked_fill(out[1], done, 0.0))
            drawn.append(torch.masked_fill(out[2], done, 0.0))
            if penalised:
              torch.scatter_(seen, 1, torch.unsqueeze(token, 1), True)
            done = torch.logical_or(done, torch.isin(token, stops))
          return [torch.stack(tokens, 1), torch.stack(logps, 1), torch.stack(drawn, 1), torch.to(logits, 6)]
        """,
        config);
  }

  private static String matrices(Qwen25VlConfig config) {
    return withSizes(
        """
        def read_matrices(self, x: Tensor, layers: int, w: List[Tensor]) -> Tensor:
          y = x
          for layer in range(layers):
            b = $BEGIN
            y = self.product($HIDDEN, self.gated(x, w[b + 9]), w[b + 11])
          return y
        """,
        config);
  }

  private static String withSizes(String text, Qwen25VlConfig config) {
    return text.replace("$BEGIN", NetworkScript.layerStart(config, "layer"))
        .replace("$HEADS", String.valueOf(config.heads()))
        .replace("$KV", String.valueOf(config.keyValueHeads()))
        .replace("$REPEAT", String.valueOf(config.heads() / config.keyValueHeads()))
        .replace("$SIZE", String.valueOf(config.headSize()))
        .replace("$WIDTH", String.valueOf(config.keyValueHeads() * config.headSize()))
        .replace("$QUERIES", String.valueOf(config.heads() * config.headSize()))
        .replace("$HIDDEN", String.valueOf(config.hidden()))
        .replace("$LAYERS", String.valueOf(config.layers()))
        .replace("$LAST", String.valueOf(config.layers() - 1))
        .indent(2);
  }
}
