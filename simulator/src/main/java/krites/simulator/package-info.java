/**
 * A run without devices: the real actors on a virtual clock, one thread and a faulty network.
 *
 * <p>What decides is the product's own code; what computes is modelled by how long it takes. Begin
 * at {@link krites.simulator.Simulation}.
 */
@NullMarked
package krites.simulator;

import org.jspecify.annotations.NullMarked;
