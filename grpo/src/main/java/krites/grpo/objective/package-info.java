/**
 * The formulas of group relative policy optimisation in plain arrays: rewards in, advantages,
 * losses, gradients out.
 *
 * <p>These are the numbers that the tensor code of the learner has to reproduce, so every formula
 * names its source and comes with its gradient. A table {@code double[][]} is always (responses,
 * tokens); rows may differ in length unless said otherwise. Arithmetic is in {@code double}; only
 * the optimizers, whose rounding is part of the result, work in {@code float}. This package knows
 * no tensor, thread, clock or file.
 *
 * <p>Reference programs meant by "EasyR1", "critic" and "verl": hiyouga/EasyR1 at b44b311, its copy
 * in LLaVA-VL/LLaVA-NeXT {@code llava-critic-r1} at df17966, volcengine/verl at b178a3c; the
 * functions are those of their {@code core_algos.py} and {@code torch_functional.py}.
 */
@NullMarked
package krites.grpo.objective;

import org.jspecify.annotations.NullMarked;
