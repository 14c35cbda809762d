/**
 * Where prompts come from: dataset files, image names and prompt templates.
 *
 * <p>This room knows no token, tensor or actor.
 */
@NullMarked
package krites.data;

import org.jspecify.annotations.NullMarked;
