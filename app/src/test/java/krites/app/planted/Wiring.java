package krites.app.planted;

/** Something of the room that nobody may know, for {@code NosyReward} to know. */
public record Wiring() {}
