package krites.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;

/**
 * TLS over a {@link PlainLink}, whose timeouts it keeps. The handshake happens with the first
 * bytes, on the thread that moves them.
 */
final class TlsLink implements Link {
  private static final int FILE_PART = 1 << 18; // of a file that is read before it is encrypted

  private final PlainLink plain;
  private final SSLEngine engine;
  private final ByteBuffer arrived; // encrypted, ready to be read
  private final ByteBuffer clear; // decrypted, ready to be read
  private final ByteBuffer packet; // encrypted, before it is sent
  private boolean greeted;

  TlsLink(PlainLink plain, SSLEngine engine) {
    this.plain = plain;
    this.engine = engine;
    this.arrived = ByteBuffer.allocate(engine.getSession().getPacketBufferSize()).flip();
    this.clear = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).flip();
    this.packet = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
  }

  @Override
  public void send(ByteBuffer bytes) throws IOException {
    greet();
    while (bytes.hasRemaining()) {
      wrap(bytes);
    }
  }

  @Override
  public void send(FileChannel file, long start, int length) throws IOException {
    ByteBuffer part = ByteBuffer.allocate(Math.min(FILE_PART, Math.max(1, length)));
    int sent = 0;
    while (sent < length) {
      Manifest.readChunk(file, start + sent, Math.min(part.capacity(), length - sent), part);
      sent += part.remaining();
      send(part);
    }
  }

  @Override
  public void receive(ByteBuffer target) throws IOException {
    greet();
    while (target.hasRemaining()) {
      if (!clear.hasRemaining()) {
        unwrap();
      }
      int now = Math.min(clear.remaining(), target.remaining());
      target.put(target.position(), clear, clear.position(), now);
      target.position(target.position() + now);
      clear.position(clear.position() + now);
    }
  }

  private void greet() throws IOException {
    if (greeted) {
      return;
    }
    greeted = true;
    ByteBuffer nothing = ByteBuffer.allocate(0);
    try {
      engine.beginHandshake();
      while (true) {
        switch (engine.getHandshakeStatus()) {
          case NEED_WRAP -> wrap(nothing);
          case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrap();
          case NEED_TASK -> runTasks();
          case FINISHED, NOT_HANDSHAKING -> {
            return;
          }
        }
      }
    } catch (SSLException e) {
      sayGoodbye();
      throw new TransferException(
          plain.peer() + " and this node do not agree on TLS: " + e.getMessage(), e);
    }
  }

  /** The alert that tells the peer why. */
  private void sayGoodbye() {
    try {
      ByteBuffer nothing = ByteBuffer.allocate(0);
      while (engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP) {
        wrap(nothing);
      }
    } catch (IOException e) {
      // The peer does not hear why; this end reports it in any case.
      System.getLogger(TlsLink.class.getName()).log(System.Logger.Level.DEBUG, peer(), e);
    }
  }

  private void runTasks() {
    Runnable task = engine.getDelegatedTask();
    while (task != null) {
      task.run();
      task = engine.getDelegatedTask();
    }
  }

  private void wrap(ByteBuffer bytes) throws IOException {
    packet.clear();
    SSLEngineResult result = engine.wrap(bytes, packet);
    plain.send(packet.flip());
    if (result.getStatus() == SSLEngineResult.Status.CLOSED && bytes.hasRemaining()) {
      throw new TransferException(peer() + " closed the connection");
    }
  }

  /** Decrypts the next packet, fetching what is missing of it. */
  private void unwrap() throws IOException {
    clear.compact();
    try {
      while (true) {
        SSLEngineResult result = engine.unwrap(arrived, clear);
        switch (result.getStatus()) {
          case OK -> {
            runTasks();
            return;
          }
          case BUFFER_UNDERFLOW -> {
            arrived.compact();
            try {
              plain.receiveSome(arrived);
            } finally {
              arrived.flip();
            }
          }
          case CLOSED -> throw new TransferException(peer() + " closed the connection");
          case BUFFER_OVERFLOW ->
              throw new TransferException(peer() + " sent a packet larger than TLS has");
        }
      }
    } finally {
      clear.flip();
    }
  }

  @Override
  public String peer() {
    return plain.peer();
  }

  @Override
  public void close() {
    engine.closeOutbound();
    plain.close();
  }
}
