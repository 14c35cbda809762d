/**
 * One model asked by a person: options, prompts, the engine on the caller's thread, and what is
 * shown.
 */
@NullMarked
package krites.app.answer;

import org.jspecify.annotations.NullMarked;
