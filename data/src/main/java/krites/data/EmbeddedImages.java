package krites.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import krites.data.format.Cells;
import krites.data.format.ImageCell;
import krites.data.format.RowException;
import krites.data.table.Table;
import krites.grpo.ImageRef;
import krites.grpo.port.ImageStore;

/**
 * Images that lie within the rows of data files; a name is the place of one, so any process that
 * sees the file reads it, after a resume too. Thread safe.
 */
public final class EmbeddedImages implements ImageStore, AutoCloseable {
  /** What names begin with. */
  public static final String SCHEME = "row:";

  /** A name from its end: position, column, place in the column's list. */
  private static final Pattern NAME =
      Pattern.compile(SCHEME + "(.*)!(\\d+)!([^!]*)!(\\d+)", Pattern.DOTALL);

  /** A group's responses ask for the same image within seconds; later, it is read again. */
  private static final long KEPT_BYTES = 64L << 20;

  /** A set of more shards than this closes one before it opens the next. */
  private static final int OPEN_FILES = 64;

  private final LinkedHashMap<String, byte[]> kept = new LinkedHashMap<>(16, 0.75f, true);
  private final LinkedHashMap<Path, Table> open = new LinkedHashMap<>(16, 0.75f, true);
  private long keptBytes;

  /**
   * The name of an image.
   *
   * @param position of the row, as its {@link Table} counts
   * @param index place in the column's list
   */
  static ImageRef name(Path file, long position, String column, int index) {
    return new ImageRef(
        SCHEME + file.toAbsolutePath() + "!" + position + "!" + column + "!" + index);
  }

  @Override
  public byte[] read(ImageRef image) throws IOException {
    Matcher name = NAME.matcher(image.name());
    if (!name.matches()) {
      throw new IOException("image " + image.name() + " is not named as a place in a file");
    }
    synchronized (this) {
      byte[] known = kept.get(image.name());
      if (known != null) {
        return known.clone();
      }
      byte[] bytes = read(name);
      keep(image.name(), bytes);
      return bytes.clone();
    }
  }

  private byte[] read(Matcher name) throws IOException {
    Path file = Path.of(name.group(1));
    String column = name.group(3);
    try {
      ObjectNode row = table(file).row(Long.parseLong(name.group(2)), column::equals);
      ImageCell cell = new Cells(row, 1).image(column, Integer.parseInt(name.group(4)));
      if (cell instanceof ImageCell.Embedded embedded) {
        return embedded.bytes();
      }
      throw new IOException("there is a path and no image");
    } catch (IOException | RowException | NumberFormatException e) {
      throw new IOException("image " + name.group() + " cannot be read: " + e.getMessage(), e);
    }
  }

  private Table table(Path file) throws IOException {
    Table known = open.get(file);
    if (known != null) {
      return known;
    }
    Table fresh = Table.open(file);
    open.put(file, fresh);
    if (open.size() > OPEN_FILES) {
      Map.Entry<Path, Table> oldest = open.firstEntry();
      open.remove(oldest.getKey());
      oldest.getValue().close();
    }
    return fresh;
  }

  private void keep(String name, byte[] bytes) {
    kept.put(name, bytes);
    keptBytes += bytes.length;
    while (keptBytes > KEPT_BYTES && kept.size() > 1) {
      keptBytes -= kept.pollFirstEntry().getValue().length;
    }
  }

  @Override
  public synchronized void close() throws IOException {
    for (Table table : open.values()) {
      table.close();
    }
    open.clear();
  }
}
