package krites.data.planted;

/** Something of another room, for {@code NosyReward} to know. */
public record Anything() {}
