package krites.data.table;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * One JSON document: a list of objects, or an object whose values are the rows. A position is the
 * offset of a row. After a place that is no JSON nothing can be found any more.
 */
final class JsonDocumentTable implements Table {
  private final FileChannel channel;
  private final long size;

  JsonDocumentTable(Path file) throws IOException {
    channel = FileChannel.open(file);
    size = channel.size();
  }

  @Override
  public String unit() {
    return "row";
  }

  @Override
  public String container() {
    return "JSON";
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public OptionalLong rows() {
    return OptionalLong.empty();
  }

  private JsonParser parser(long position) throws IOException {
    InputStream in =
        new BufferedInputStream(Channels.newInputStream(new ChannelView(channel, position)));
    return JsonRows.DOCUMENT.getFactory().createParser(in);
  }

  @Override
  public ObjectNode row(long position, Predicate<String> wanted) throws IOException {
    try (JsonParser parser = parser(position)) {
      parser.nextToken();
      JsonNode node = parser.readValueAsTree();
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new IOException("has no row at byte " + position);
    }
  }

  @Override
  public Scan scan() throws IOException {
    JsonParser parser = parser(0);
    return new Scan() {
      private long number;
      private boolean peeked;
      private boolean over;
      private String trouble = "";

      @Override
      public boolean hasNext() {
        if (!peeked && !over) {
          advance();
          peeked = true;
        }
        return !over;
      }

      /** Moves to the first token of the next row. */
      private void advance() {
        try {
          JsonToken token = parser.nextToken();
          if (number == 0) {
            token = parser.nextToken(); // behind the bracket that opens the document
          }
          if (token == JsonToken.FIELD_NAME) {
            token = parser.nextToken();
          }
          number++;
          over = token == null || token == JsonToken.END_ARRAY || token == JsonToken.END_OBJECT;
          if (token == null && number > 1) {
            over = false;
            trouble = "the document ends in the middle";
          }
        } catch (IOException e) {
          number++;
          trouble = problem(e);
        }
      }

      @Override
      public RowRead next() {
        peeked = false;
        if (!trouble.isEmpty()) {
          over = true;
          return new RowRead.Unreadable(number, trouble + "; all rows from here on are lost", 1);
        }
        long offset = parser.currentTokenLocation().getByteOffset();
        try {
          JsonNode node = parser.readValueAsTree();
          return node instanceof ObjectNode object
              ? new RowRead.Row(number, offset, object)
              : new RowRead.Unreadable(number, "expected a JSON object", 1);
        } catch (IOException e) {
          over = true;
          return new RowRead.Unreadable(number, problem(e) + "; all rows from here on are lost", 1);
        }
      }

      private static String problem(IOException e) {
        return e instanceof JsonProcessingException json
            ? JsonRows.problem(json)
            : String.valueOf(e.getMessage());
      }

      @Override
      public long done() {
        return parser.currentLocation().getByteOffset();
      }

      @Override
      public void close() throws IOException {
        parser.close();
      }
    };
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
