package krites.learner;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import krites.model.lora.LoraScript;
import krites.model.lora.LoraSettings;
import krites.model.qwen25vl.NetworkScript;
import krites.model.qwen25vl.Qwen25VlConfig;

/**
 * Losses, gradients and the optimizer as TorchScript methods on top of the network's.
 *
 * <p>Shapes: B rows, T tokens, M predicted tokens. A packed row set is passed as {@code rows}, a
 * list of ten or twenty tensors: ids (B, T), positions (3, B, T), doc (B, T), segment (B, T),
 * select (M) flat index of the token that predicts, target (M), image_at (n); then, if there are
 * images, the eleven arguments of {@code vision}.
 */
final class LearnerScript {
  /** Tensors of a packed row set before those of the images. */
  static final int ROW_TENSORS = 7;

  private LearnerScript() {}

  /** The network's methods, with adapters if there are any, and those of the learner. */
  static List<String> methods(Qwen25VlConfig config, Optional<LoraSettings> lora) {
    List<String> methods =
        new ArrayList<>(
            lora.isPresent()
                ? LoraScript.methods(config, lora.get())
                : NetworkScript.methods(config));
    methods.add(ObjectiveScript.TEXT);
    methods.add(OptimizerScript.TEXT);
    methods.add(TEXT);
    return List.copyOf(methods);
  }

  /**
   * {@code log_probs} gives the log-probability of each target and the entropy there.
   *
   * <p>{@code supervised} is the weighted sum of negative log-probabilities, {@code policy} the
   * {@code objective} of {@link ObjectiveScript}. Both add their gradients to {@code total} (an
   * empty tensor stands for no gradient).
   *
   * <p>{@code update} clips the gradients to a global norm and makes one AdamW step, or leaves
   * everything as it is when the norm is not finite. Its lists hold trained weights only:
   * TorchScript drops writes through lists that it built itself.
   */
  private static final String TEXT =
      """
      def log_probs(self, rows: List[Tensor], temperature: float, w: List[Tensor]) -> List[Tensor]:
        if torch.gt(torch.len(rows), 7):
          image = self.vision(rows[7], rows[8], rows[9], rows[10], rows[11], rows[12], rows[13], rows[14], rows[15], rows[16], rows[17], w)
        else:
          image = rows[6]
        x = self.embed(rows[0], rows[6], image, w)
        out = self.decoder(x, rows[1], self.packed_mask(rows[2], rows[3]), False, w)
        flat = torch.reshape(out[0], [-1, torch.size(x, 2)])
        logits = torch.div(self.head(torch.index_select(flat, 0, rows[4]), w), temperature)
        logp = torch.log_softmax(logits, -1)
        chosen = torch.squeeze(torch.gather(logp, 1, torch.unsqueeze(rows[5], 1)), 1)
        plain = torch.detach(logp)
        entropy = torch.neg(torch.sum(torch.mul(torch.exp(plain), plain), [1]))
        return [chosen, entropy]

      def trainable(self, w: List[Tensor], first: int) -> List[Tensor]:
        out = annotate(List[Tensor], [])
        for i in range(torch.len(w)):
          p = torch.detach(w[i])
          if torch.ge(i, first):
            p = torch.requires_grad_(p, True)
          out.append(p)
        return out

      def add_gradients(self, loss: Tensor, ps: List[Tensor], first: int, total: List[Tensor]) -> List[Tensor]:
        found = torch.grad([loss], torch.slice(ps, first), None, None, False, True)
        out = annotate(List[Tensor], [])
        for i in range(torch.len(ps)):
          if torch.lt(i, first):
            out.append(total[i])
          else:
            g = found[torch.sub(i, first)]
            if g is None:
              out.append(total[i])
            else:
              d = torch.detach(g)
              if torch.gt(torch.numel(total[i]), 0):
                d = torch.add(d, total[i])
              out.append(torch.contiguous(d))
        return out

      def supervised(self, rows: List[Tensor], weight: Tensor, first: int, total: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        ps = self.trainable(w, first)
        lp = self.log_probs(rows, 1.0, ps)
        loss = torch.neg(torch.sum(torch.mul(lp[0], weight)))
        grads = self.add_gradients(loss, ps, first, total)
        return torch.add([torch.detach(loss), torch.detach(lp[0])], grads)

      def policy(self, rows: List[Tensor], temperature: float, t: List[Tensor], responses: int, choice: List[int], n: List[float], first: int, total: List[Tensor], w: List[Tensor]) -> List[Tensor]:
        ps = self.trainable(w, first)
        lp = self.log_probs(rows, temperature, ps)
        terms = self.objective(lp[0], lp[1], t, responses, choice, n)
        grads = self.add_gradients(terms[0], ps, first, total)
        return torch.add([torch.detach(terms[1]), torch.detach(terms[2]), torch.detach(lp[0])], grads)

      def update(self, w: List[Tensor], grads: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], lr: float, beta1: float, beta2: float, eps: float, decay: float, max_norm: float) -> List[Tensor]:
        clipped = self.clip(grads, max_norm)
        if torch.gt(float(clipped[1]), 0.0):
          torch._foreach_add_(steps, 1)
          torch._fused_adamw_(w, grads, m, v, annotate(List[Tensor], []), steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False)
        return clipped
      """
          .indent(2);
}
