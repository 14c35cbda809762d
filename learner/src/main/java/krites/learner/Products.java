package krites.learner;

import ai.djl.Device;
import java.util.List;
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
      """),

  /**
   * The same for bfloat16 on a CPU whose oneDNN has no such products: arguments and weights are
   * taken to float32 for each, and what they give is rounded. PyTorch's, without the processor's
   * help, take ten times as long.
   */
  ONEDNN_WIDE(
      """
      def fed(self, x: Tensor, w: Tensor, bias: Optional[Tensor]=None) -> Tensor:
        if bias is not None:
          bias = torch.to(bias, 6)
        return torch.to(ops.mkldnn._linear_pointwise(self.wide(x), self.wide(w), bias, "none", annotate(List[Optional[number]], []), ""), 15)

      def handed(self, dy: Tensor, w: Tensor) -> Tensor:
        return torch.to(ops.mkldnn._linear_pointwise(self.wide(dy), torch.t(self.wide(w)), None, "none", annotate(List[Optional[number]], []), ""), 15)

      def crossed(self, dy: Tensor, x: Tensor) -> Tensor:
        return torch.to(ops.mkldnn._linear_pointwise(torch.t(self.flat(self.wide(dy))), torch.t(self.flat(self.wide(x))), None, "none", annotate(List[Optional[number]], []), ""), 15)

      def wide(self, x: Tensor) -> Tensor:
        return torch.to(torch.detach(x), 6)

      def wide_linear(self, x: Tensor, w: Tensor, bias: Optional[Tensor]=None) -> Tensor:
        if bias is not None:
          bias = torch.to(bias, 6)
        return torch.to(torch.linear(torch.to(x, 6), torch.to(w, 6), bias), 15)

      def wide_attention(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        if torch.eq(mask.dtype, 15):
          mask = torch.to(mask, 6)
        return torch.to(torch.scaled_dot_product_attention(torch.to(q, 6), torch.to(k, 6), torch.to(v, 6), mask), 15)
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

  /** The fastest; in bfloat16 PyTorch's are oneDNN's already, where that has any. */
  static Products fastest(Device device, Precision precision) {
    return switch (Kernels.fastest(device, precision)) {
      case PLAIN -> TORCH;
      case PACKED -> precision == Precision.F32 ? ONEDNN : TORCH;
      case PACKED_WIDE -> ONEDNN_WIDE;
    };
  }

  /**
   * The text of methods in which products and attention that autograd goes through are as good as
   * PyTorch's own can be.
   */
  List<String> in(List<String> methods) {
    return this == ONEDNN_WIDE
        ? methods.stream()
            .map(
                text ->
                    text.replace("torch.linear(", "self.wide_linear(")
                        .replace("torch.scaled_dot_product_attention(", "self.wide_attention("))
            .toList()
        : methods;
  }

  String text() {
    return (FLAT + text).indent(2);
  }
}
