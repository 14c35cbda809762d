/**
 * Key frames of VP8, which is what a lossy WebP holds; equal to libwebp to the bit.
 *
 * <p>Ours because there was no choice: the pure Java decoder of TwelveMonkeys 3.14 misses libwebp
 * by up to 163 of 255 levels on some files, and the bindings of libwebp on Maven Central carry a
 * library with known holes.
 *
 * <p>Source: RFC 6386, and for what it leaves open (borders, upsampling, conversion to RGB) the
 * arithmetic of libwebp.
 */
@NullMarked
package krites.model.image.vp8;

import org.jspecify.annotations.NullMarked;
