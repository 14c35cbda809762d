/**
 * Bulk bytes between hosts: files that never change, fetched from whoever has them, and streams
 * between the members of a small circle ({@link krites.transfer.PeerStreams}).
 *
 * <p>A receiver pulls chunks from one of several sources and serves them on while it is still
 * receiving, so the time hardly grows with the number of receivers. It owns sockets, threads and
 * part files; it does not know what the bytes are, who decides that they are wanted, or what an
 * actor is. {@link krites.transfer.ContentServer} and {@link krites.transfer.ContentReceiver} are
 * the two ends, {@link krites.transfer.WireFormat} is what they say to each other.
 */
@NullMarked
package krites.transfer;

import org.jspecify.annotations.NullMarked;
