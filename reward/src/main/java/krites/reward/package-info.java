/**
 * What a response earns: format, verdict and answer grading, equal to the published reward
 * functions.
 */
@NullMarked
package krites.reward;

import org.jspecify.annotations.NullMarked;
