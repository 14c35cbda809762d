/** Between text and token ids: the model's own tokenizer, its chat layout and its stop tokens. */
@NullMarked
package krites.model.tokenizer;

import org.jspecify.annotations.NullMarked;
