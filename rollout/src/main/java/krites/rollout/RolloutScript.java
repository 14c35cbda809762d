package krites.rollout;

import java.util.ArrayList;
import java.util.List;
import krites.model.qwen25vl.NetworkScript;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * Prefill, sampling and decoding as TorchScript methods on top of the network's.
 *
 * <p>Shapes: N prompts, B sequences, T prompt tokens, S cache columns, V vocabulary, n tokens of a
 * chunk.
 */
public final class RolloutScript {
  private RolloutScript() {}

  /** The network's methods and those of the rollout. */
  public static List<String> methods(Qwen25VlConfig config) {
    List<String> methods = new ArrayList<>(NetworkScript.methods(config));
    methods.add(SAMPLER);
    methods.add(TEXT);
    return List.copyOf(methods);
  }

  /** The sampler alone, which needs no network. */
  public static List<String> samplerMethods() {
    return List.of(SAMPLER);
  }

  /**
   * {@code shape_logits} follows the order of transformers: repetition penalty, temperature, top-k,
   * top-p; {@code pick} draws by inverse cumulative distribution, so one uniform number decides one
   * token.
   */
  private static final String SAMPLER =
      """
      def shape_logits(self, logits: Tensor, seen: Tensor, forbidden: Tensor, temperature: float, top_k: int, top_p: float, penalty: float) -> Tensor:
        z = logits
        if torch.ne(penalty, 1.0):
          punished = torch.where(torch.lt(z, 0), torch.mul(z, penalty), torch.div(z, penalty))
          z = torch.where(seen, punished, z)
        z = torch.masked_fill(z, forbidden, -inf)
        if torch.gt(temperature, 0.0):
          z = torch.div(z, temperature)
        if torch.gt(top_k, 0):
          count = torch.size(z, -1)
          if torch.lt(top_k, count):
            count = top_k
          best = torch.topk(z, count, -1)
          least = torch.narrow(best[0], -1, torch.sub(count, 1), 1)
          z = torch.masked_fill(z, torch.lt(z, least), -inf)
        if torch.lt(top_p, 1.0):
          sorted = torch.sort(z, -1, False)
          below = torch.le(torch.cumsum(torch.softmax(sorted[0], -1), -1), torch.sub(1.0, top_p))
          last = torch.sub(torch.size(z, -1), 1)
          torch.fill_(torch.narrow(below, -1, last, 1), False)
          z = torch.masked_fill(z, torch.scatter(torch.zeros_like(below), -1, sorted[1], below), -inf)
        return z

      def pick(self, shaped: Tensor, uniform: Tensor) -> Tensor:
        c = torch.cumsum(torch.softmax(shaped, -1, dtype=7), -1)
        last = torch.sub(torch.size(c, -1), 1)
        target = torch.mul(torch.unsqueeze(uniform, 1), torch.narrow(c, -1, last, 1))
        return torch.squeeze(torch.clamp(torch.searchsorted(c, target, out_int32=False, right=True), None, last), 1)
      """
          .indent(2);

  /**
   * {@code generate} alternates: pick a token from the logits, append it, run one step. A finished
   * sequence goes on with the pad token, which nobody reads. It returns tokens (B, n), their
   * log-probabilities under softmax(logits / temperature) (B, n), the next logits (B, V), the next
   * positions (B) and the finished flags (B). {@code valid}, {@code seen} and the caches are
   * updated in place.
   */
  private static final String TEXT =
      """
      def prefill(self, ids: Tensor, image_at: Tensor, image: Tensor, positions: Tensor, doc: Tensor, w: List[Tensor]) -> List[Tensor]:
        x = self.embed(ids, image_at, image, w)
        mask = self.packed_mask(doc, torch.zeros_like(doc))
        out = self.decoder(x, positions, mask, True, w)
        last = torch.select(out[0], 1, torch.sub(torch.size(ids, 1), 1))
        return torch.add([self.head(last, w)], torch.slice(out, 1))

      def spread(self, caches: List[Tensor], rows: Tensor, columns: int) -> List[Tensor]:
        out = annotate(List[Tensor], [])
        for c in caches:
          picked = torch.index_select(c, 0, rows)
          wide = torch.zeros([torch.size(picked, 0), torch.size(picked, 1), columns, torch.size(picked, 3)], dtype=c.dtype, device=c.device)
          torch.copy_(torch.narrow(wide, 2, 0, torch.size(picked, 2)), picked)
          out.append(wide)
        return out

      def keep_rows(self, caches: List[Tensor], rows: Tensor) -> List[Tensor]:
        out = annotate(List[Tensor], [])
        for c in caches:
          out.append(torch.index_select(c, 0, rows))
        return out

      def generate(self, logits: Tensor, next: Tensor, valid: Tensor, column: int, caches: List[Tensor], uniforms: Tensor, done: Tensor, seen: Tensor, forbidden: Tensor, stops: Tensor, pad: int, temperature: float, top_k: int, top_p: float, penalty: float, w: List[Tensor]) -> List[Tensor]:
        tokens = annotate(List[Tensor], [])
        logps = annotate(List[Tensor], [])
        rows = torch.size(logits, 0)
        no_image = torch.zeros([0], dtype=4, device=logits.device)
        for i in range(torch.size(uniforms, 1)):
          shaped = self.shape_logits(logits, seen, forbidden, temperature, top_k, top_p, penalty)
          if torch.gt(temperature, 0.0):
            token = self.pick(shaped, torch.select(uniforms, 1, i))
            plain = torch.div(logits, temperature)
          else:
            token = torch.argmax(shaped, -1)
            plain = logits
          index = torch.unsqueeze(token, 1)
          logp = torch.squeeze(torch.gather(torch.log_softmax(plain, -1), 1, index), 1)
          token = torch.masked_fill(token, done, pad)
          tokens.append(token)
          logps.append(torch.masked_fill(logp, done, 0.0))
          if torch.ne(penalty, 1.0):
            torch.scatter_(seen, 1, index, True)
          done = torch.logical_or(done, torch.isin(token, stops))
          torch.fill_(torch.narrow(valid, 1, column, 1), True)
          mask = torch.unsqueeze(torch.unsqueeze(torch.narrow(valid, 1, 0, torch.add(column, 1)), 1), 1)
          x = self.embed(torch.unsqueeze(token, 1), no_image, logits, w)
          positions = torch.expand(torch.view(next, [1, rows, 1]), [3, rows, 1])
          hidden = self.decode_step(x, positions, mask, column, caches, w)
          logits = torch.squeeze(self.head(hidden, w), 1)
          next = torch.add(next, 1)
          column = torch.add(column, 1)
        return [torch.stack(tokens, 1), torch.stack(logps, 1), logits, next, done]
      """
          .indent(2);
}
