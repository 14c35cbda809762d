/**
 * Safetensors files: reading by memory mapping, writing by streaming. Knows bytes, not tensors of
 * an engine.
 */
@NullMarked
package krites.model.safetensors;

import org.jspecify.annotations.NullMarked;
