package krites.data.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * Rows as JSON trees: structs are objects, lists are arrays, bytes stay bytes ({@link BinaryNode}),
 * absent cells are null. Text that is no UTF-8 stays bytes too, so that whoever wants a text can
 * name the row.
 */
final class NodeMaterializer extends RecordMaterializer<ObjectNode> {
  private final Struct root;
  private ObjectNode row = JsonNodeFactory.instance.objectNode();

  NodeMaterializer(MessageType type) {
    root = new Struct(type, node -> row = (ObjectNode) node);
  }

  @Override
  public ObjectNode getCurrentRecord() {
    return row;
  }

  @Override
  public GroupConverter getRootConverter() {
    return root;
  }

  private static Converter converter(Type type, Consumer<JsonNode> to) {
    if (type.isPrimitive()) {
      return new Primitive(
          type.getLogicalTypeAnnotation() instanceof StringLogicalTypeAnnotation, to);
    }
    boolean list =
        type.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation
            && type.asGroupType().getFieldCount() == 1
            && type.asGroupType().getType(0).isRepetition(Type.Repetition.REPEATED);
    return list ? new Items(type.asGroupType(), to) : new Struct(type.asGroupType(), to);
  }

  /** A struct, or a whole row. */
  private static final class Struct extends GroupConverter {
    private final List<Type> fields;
    private final Converter[] converters;
    private final Consumer<JsonNode> to;
    private ObjectNode current = JsonNodeFactory.instance.objectNode();

    Struct(GroupType type, Consumer<JsonNode> to) {
      this.fields = type.getFields();
      this.to = to;
      this.converters =
          fields.stream()
              .map(
                  field ->
                      field.isRepetition(Type.Repetition.REPEATED)
                          ? converter(field, node -> current.withArray(field.getName()).add(node))
                          : converter(field, node -> current.set(field.getName(), node)))
              .toArray(Converter[]::new);
    }

    @Override
    public Converter getConverter(int field) {
      return converters[field];
    }

    @Override
    public void start() {
      current = JsonNodeFactory.instance.objectNode();
      for (Type field : fields) {
        boolean repeated = field.isRepetition(Type.Repetition.REPEATED);
        current.set(
            field.getName(),
            repeated ? JsonNodeFactory.instance.arrayNode() : NullNode.getInstance());
      }
    }

    @Override
    public void end() {
      to.accept(current);
    }
  }

  /**
   * A list in the three-level layout, or in the older one whose repeated field is the item.
   *
   * <p>Source: LogicalTypes.md of the Parquet format, rules for backward compatibility.
   */
  private static final class Items extends GroupConverter {
    private final Converter repeated;
    private final Consumer<JsonNode> to;
    private ArrayNode items = JsonNodeFactory.instance.arrayNode();

    Items(GroupType list, Consumer<JsonNode> to) {
      this.to = to;
      Type inner = list.getType(0);
      boolean itself =
          inner.isPrimitive()
              || inner.asGroupType().getFieldCount() != 1
              || inner.getName().equals("array")
              || inner.getName().equals(list.getName() + "_tuple");
      this.repeated =
          itself
              ? converter(inner, node -> items.add(node))
              : new Wrapped(inner.asGroupType().getType(0), node -> items.add(node));
    }

    @Override
    public Converter getConverter(int field) {
      return repeated;
    }

    @Override
    public void start() {
      items = JsonNodeFactory.instance.arrayNode();
    }

    @Override
    public void end() {
      to.accept(items);
    }
  }

  /** The middle level of a list, whose item may be absent. */
  private static final class Wrapped extends GroupConverter {
    private final Converter item;
    private final Consumer<JsonNode> to;
    private JsonNode current = NullNode.getInstance();

    Wrapped(Type item, Consumer<JsonNode> to) {
      this.to = to;
      this.item = converter(item, node -> current = node);
    }

    @Override
    public Converter getConverter(int field) {
      return item;
    }

    @Override
    public void start() {
      current = NullNode.getInstance();
    }

    @Override
    public void end() {
      to.accept(current);
    }
  }

  private static final class Primitive extends PrimitiveConverter {
    private final boolean text;
    private final Consumer<JsonNode> to;

    Primitive(boolean text, Consumer<JsonNode> to) {
      this.text = text;
      this.to = to;
    }

    @Override
    public void addBinary(Binary value) {
      byte[] bytes = value.getBytes();
      to.accept(text ? textOrBytes(bytes) : BinaryNode.valueOf(bytes));
    }

    private static JsonNode textOrBytes(byte[] bytes) {
      try {
        return TextNode.valueOf(
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
      } catch (CharacterCodingException e) {
        return BinaryNode.valueOf(bytes);
      }
    }

    @Override
    public void addBoolean(boolean value) {
      to.accept(BooleanNode.valueOf(value));
    }

    @Override
    public void addDouble(double value) {
      to.accept(DoubleNode.valueOf(value));
    }

    @Override
    public void addFloat(float value) {
      to.accept(FloatNode.valueOf(value));
    }

    @Override
    public void addInt(int value) {
      to.accept(IntNode.valueOf(value));
    }

    @Override
    public void addLong(long value) {
      to.accept(LongNode.valueOf(value));
    }
  }
}
