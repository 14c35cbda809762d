/**
 * Qwen2.5-VL: its configuration, its weights, and its network as TorchScript text.
 *
 * <p>One text serves rollout, learner and conformance. Source of the arithmetic: Hugging Face
 * transformers 4.50, {@code modeling_qwen2_5_vl.py}; arXiv 2502.13923.
 */
@NullMarked
package krites.model.qwen25vl;

import org.jspecify.annotations.NullMarked;
