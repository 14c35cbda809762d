package krites.model.torchscript;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The bytes of a TorchScript archive whose module has methods but no state.
 *
 * <p>The archive is a zip with stored entries: {@code data.pkl} (a pickled empty module object),
 * {@code constants.pkl} (an empty tuple), {@code version}, and {@code code/__torch__.py}, the text
 * of the module's class. Weights are passed to each call as lists of tensors, so they can be
 * swapped between two calls.
 */
public final class ScriptArchive {
  private static final String CLASS = "Krites";
  private static final String ROOT = "krites/";

  private ScriptArchive() {}

  /**
   * Packs methods into an archive.
   *
   * @param methods TorchScript method definitions, indented by two spaces, with {@code self} as
   *     first parameter (its type is added here)
   */
  public static byte[] of(List<String> methods) {
    StringBuilder source = new StringBuilder();
    source.append("class ").append(CLASS).append("(Module):\n");
    source.append("  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
    for (String method : methods) {
      source.append(method.replace("(self,", "(self: __torch__." + CLASS + ",")).append('\n');
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "data.pkl", pickledModule());
      store(zip, "code/__torch__.py", source.toString().getBytes(StandardCharsets.UTF_8));
      store(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      store(zip, "version", "3\n".getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write a zip in memory", e);
    }
    return bytes.toByteArray();
  }

  /** Pickle, protocol 2: an object of the class with the attribute {@code training} false. */
  private static byte[] pickledModule() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {(byte) 0x80, 2});
    out.writeBytes(("c__torch__\n" + CLASS + "\n").getBytes(StandardCharsets.UTF_8));
    out.writeBytes(new byte[] {')', (byte) 0x81, '}', '('});
    byte[] key = "training".getBytes(StandardCharsets.UTF_8);
    out.writeBytes(new byte[] {'X', (byte) key.length, 0, 0, 0});
    out.writeBytes(key);
    out.writeBytes(new byte[] {(byte) 0x89, 'u', 'b', '.'});
    return out.toByteArray();
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(ROOT + name);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCompressedSize(content.length);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
