/**
 * Low-rank adapters beside frozen weights (LoRA, arXiv 2106.09685): which there are, the network's
 * text with them, their files in the layout of peft, and the weights with them merged in.
 */
@NullMarked
package krites.model.lora;

import org.jspecify.annotations.NullMarked;
