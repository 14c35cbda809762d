package krites.model.image;

/**
 * A picture ready for the vision tower.
 *
 * @param pixelValues (patches, channel * frame * y * x), row major; rows in blocks of merge size
 *     squared patches: block row, block column, row in block, column in block
 * @param grid the patches in time, down and across
 * @param resized the pixels that were cut into patches
 */
@SuppressWarnings("ArrayRecordComponent") // large, never compared
public record ProcessedImage(float[] pixelValues, PatchGrid grid, RgbImage resized) {}
