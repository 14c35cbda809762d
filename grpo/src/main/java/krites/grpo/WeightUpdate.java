package krites.grpo;

/**
 * A published version and where its weights lie.
 *
 * @param version the version
 * @param location name that a {@code WeightStore} understands; never the bytes themselves
 * @param digest checksum of the bytes, as the store writes it
 */
public record WeightUpdate(PolicyVersion version, String location, String digest) {}
