/**
 * From the bytes of a picture to the patch values that the vision tower reads, equal to Pillow and
 * to the published image processor to the bit. Knows pixels, not tensors of an engine.
 */
@NullMarked
package krites.model.image;

import org.jspecify.annotations.NullMarked;
