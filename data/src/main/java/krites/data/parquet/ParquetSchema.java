package krites.data.parquet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.jspecify.annotations.Nullable;

/**
 * The schema of a footer (a flattened tree) as the library's type, and back. Of the annotations,
 * those are kept that change how a cell reads: text, list and map.
 */
final class ParquetSchema {
  private static final String ROOT = "schema";

  private ParquetSchema() {}

  /**
   * The type that a footer describes.
   *
   * @throws IOException if the list is no tree
   */
  static MessageType read(List<SchemaElement> elements) throws IOException {
    Iterator<SchemaElement> rest = elements.iterator();
    if (!rest.hasNext()) {
      throw new IOException("is a damaged Parquet file: it has no schema");
    }
    try {
      return new MessageType(ROOT, children(rest.next(), rest));
    } catch (RuntimeException e) { // the library refuses impossible types in its own ways
      throw new IOException("is a damaged Parquet file: its schema is no tree of types", e);
    }
  }

  private static List<Type> children(SchemaElement parent, Iterator<SchemaElement> rest) {
    List<Type> children = new ArrayList<>();
    for (int i = 0; i < parent.getNum_children(); i++) {
      children.add(type(rest.next(), rest));
    }
    return children;
  }

  private static Type type(SchemaElement element, Iterator<SchemaElement> rest) {
    Type.Repetition repetition = Type.Repetition.valueOf(element.getRepetition_type().name());
    LogicalTypeAnnotation annotation = annotation(element);
    if (element.isSetType()) {
      var primitive = Types.primitive(PRIMITIVES[element.getType().getValue()], repetition);
      if (element.isSetType_length()) {
        primitive = primitive.length(element.getType_length());
      }
      return primitive.as(annotation).named(element.getName());
    }
    return Types.buildGroup(repetition)
        .addFields(children(element, rest).toArray(Type[]::new))
        .as(annotation)
        .named(element.getName());
  }

  /** In the order of the format's numbers. */
  private static final PrimitiveTypeName[] PRIMITIVES = {
    PrimitiveTypeName.BOOLEAN,
    PrimitiveTypeName.INT32,
    PrimitiveTypeName.INT64,
    PrimitiveTypeName.INT96,
    PrimitiveTypeName.FLOAT,
    PrimitiveTypeName.DOUBLE,
    PrimitiveTypeName.BINARY,
    PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY
  };

  private static @Nullable LogicalTypeAnnotation annotation(SchemaElement element) {
    if (element.isSetLogicalType()) {
      return switch (element.getLogicalType().getSetField()) {
        case STRING, JSON, ENUM -> LogicalTypeAnnotation.stringType();
        case LIST -> LogicalTypeAnnotation.listType();
        case MAP -> LogicalTypeAnnotation.mapType();
        default -> null; // numbers, dates, ... read as the primitive that they are stored in
      };
    }
    if (!element.isSetConverted_type()) {
      return null;
    }
    return switch (element.getConverted_type()) {
      case UTF8, JSON, ENUM -> LogicalTypeAnnotation.stringType();
      case LIST -> LogicalTypeAnnotation.listType();
      case MAP, MAP_KEY_VALUE -> LogicalTypeAnnotation.mapType();
      default -> null;
    };
  }

  /** The flattened tree of a type, as a footer holds it. */
  static List<SchemaElement> write(MessageType type) {
    List<SchemaElement> elements = new ArrayList<>();
    SchemaElement root = new SchemaElement(type.getName());
    root.setNum_children(type.getFieldCount());
    elements.add(root);
    type.getFields().forEach(field -> write(field, elements));
    return elements;
  }

  private static void write(Type type, List<SchemaElement> elements) {
    SchemaElement element = new SchemaElement(type.getName());
    element.setRepetition_type(FieldRepetitionType.valueOf(type.getRepetition().name()));
    boolean list =
        type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation;
    boolean text =
        type.getLogicalTypeAnnotation()
            instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation;
    elements.add(element);
    if (list) {
      element.setConverted_type(ConvertedType.LIST);
    }
    if (type.isPrimitive()) {
      if (text) {
        element.setConverted_type(ConvertedType.UTF8);
      }
      element.setType(stored(type.asPrimitiveType().getPrimitiveTypeName()));
      return;
    }
    element.setNum_children(type.asGroupType().getFieldCount());
    type.asGroupType().getFields().forEach(field -> write(field, elements));
  }

  /** The format's number of a primitive type. */
  static org.apache.parquet.format.Type stored(PrimitiveTypeName name) {
    for (int i = 0; i < PRIMITIVES.length; i++) {
      if (PRIMITIVES[i] == name) {
        return org.apache.parquet.format.Type.findByValue(i);
      }
    }
    throw new IllegalArgumentException("no such type: " + name);
  }
}
