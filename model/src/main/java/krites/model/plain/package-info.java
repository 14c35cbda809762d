/**
 * The plain twin: the network once more, one call of DJL's {@code NDArray} per operator, as a user
 * of DJL would write it.
 *
 * <p>Nothing in a run uses it. Tests hold {@link krites.model.qwen25vl.NetworkScript} against it
 * where no golden numbers are, and {@code krites bench} measures how much faster the engines are.
 * It is written to be read beside the published formulas: float32 only, no TorchScript, nothing
 * fused, nothing packed.
 */
@NullMarked
package krites.model.plain;

import org.jspecify.annotations.NullMarked;
