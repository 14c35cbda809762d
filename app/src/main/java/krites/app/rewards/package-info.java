/**
 * Rewards that a configuration names: the built-in one, a class of the user's, a judge over HTTP.
 */
@NullMarked
package krites.app.rewards;

import org.jspecify.annotations.NullMarked;
