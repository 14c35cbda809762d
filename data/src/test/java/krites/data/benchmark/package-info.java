/** Tests of prompts of benchmarks. */
@NullMarked
package krites.data.benchmark;

import org.jspecify.annotations.NullMarked;
