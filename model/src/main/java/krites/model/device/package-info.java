/**
 * Where tensors may lie: what a person calls a device, whether this machine has it, and what to do
 * where it does not.
 */
@NullMarked
package krites.model.device;

import org.jspecify.annotations.NullMarked;
