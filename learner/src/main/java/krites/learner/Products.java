package krites.learner;

import ai.djl.Device;
import krites.model.qwen25vl.Kernels;
import krites.model.qwen25vl.Precision;

/**
 * Whose matrix products the passes of training call: {@code fed(x, w, bias)} is {@code x} through a
 * linear layer, {@code handed(dy, w)} the gradient of its argument, {@code crossed(dy, x)} that of
 * its matrix. None records gradients; the backward pass calls them.
 */
enum Products {
  /** PyTorch's own, on any device. */
  TORCH(
      """
      def fed(self, x: Tensor, w: Tensor, bias: Optional[Tensor]=None) -> Tensor:
        return torch.linear(torch.detach(x), torch.detach(w), bias)

      def handed(self, dy: Tensor, w: Tensor) -> Tensor:
        return torch.matmul(dy, torch.detach(w))

      def crossed(self, dy: Tensor, x: Tensor) -> Tensor:
        return torch.matmul(torch.t(self.flat(dy)), self.flat(torch.detach(x)))
      """),

  /**
   * oneDNN's, in float32 on a CPU: weights and transposed views are taken as they lie, about twice
   * as fast as PyTorch's where those are MKL's on a CPU that is not Intel's.
   */
  ONEDNN(
      """
      def fed(self, x: Tensor, w: Tensor, bias: Optional[Tensor]=None) -> Tensor:
        return ops.mkldnn._linear_pointwise(torch.detach(x), torch.detach(w), bias, "none", annotate(List[Optional[number]], []), "")

      def handed(self, dy: Tensor, w: Tensor) -> Tensor:
        return ops.mkldnn._linear_pointwise(dy, torch.t(torch.detach(w)), None, "none", annotate(List[Optional[number]], []), "")

      def crossed(self, dy: Tensor, x: Tensor) -> Tensor:
        return ops.mkldnn._linear_pointwise(torch.t(self.flat(dy)), torch.t(self.flat(torch.detach(x))), None, "none", annotate(List[Optional[number]], []), "")
      """);

  private static final String FLAT =
      """
      def flat(self, x: Tensor) -> Tensor:
        return torch.reshape(x, [-1, torch.size(x, -1)])

      """;

  private final String text;

  Products(String text) {
    this.text = text;
  }

  /** The faster ones; in bfloat16 PyTorch's are oneDNN's already. */
  static Products fastest(Device device, Precision precision) {
    return precision == Precision.F32 && Kernels.fastest(device, precision) == Kernels.PACKED
        ? ONEDNN
        : TORCH;
  }

  String text() {
    return (FLAT + text).indent(2);
  }
}
