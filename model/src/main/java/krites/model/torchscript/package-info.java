/**
 * TorchScript written by ourselves: a module's source text is packed into an archive that stock DJL
 * loads.
 *
 * <p>One native call then runs a whole forward pass, a whole chunk of decoded tokens or a whole
 * training step. The technique and its speed are argued in {@code
 * docs/decisions/0003-torchscript.md}.
 */
@NullMarked
package krites.model.torchscript;

import org.jspecify.annotations.NullMarked;
