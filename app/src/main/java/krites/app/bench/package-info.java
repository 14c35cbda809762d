/**
 * {@code krites bench rollout}, {@code learner} and {@code weights}: whole paths measured against
 * the plain twin and against what the machine can do at best, in turns in one process.
 */
@NullMarked
package krites.app.bench;

import org.jspecify.annotations.NullMarked;
