package krites.simulator;

/**
 * A promise that a simulated run did not keep.
 *
 * @param promise which
 * @param seconds when, in virtual time
 * @param detail what happened, in one line
 */
public record BrokenPromise(Promise promise, double seconds, String detail) {}
