package krites.data.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/** A JSON tree handed to the library field by field, as a type demands; null is an absent cell. */
final class ParquetRows {
  private ParquetRows() {}

  static void write(ObjectNode row, MessageType type, RecordConsumer to) {
    to.startMessage();
    fields(row, type, to);
    to.endMessage();
  }

  private static void fields(JsonNode object, GroupType type, RecordConsumer to) {
    for (int i = 0; i < type.getFieldCount(); i++) {
      Type field = type.getType(i);
      JsonNode value = object.path(field.getName());
      if (!value.isMissingNode() && !value.isNull()) {
        to.startField(field.getName(), i);
        value(value, field, to);
        to.endField(field.getName(), i);
      }
    }
  }

  private static void value(JsonNode value, Type type, RecordConsumer to) {
    if (type.isPrimitive()) {
      primitive(value, type, to);
      return;
    }
    to.startGroup();
    if (type.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation) {
      items(value, type.asGroupType(), to);
    } else {
      fields(value, type.asGroupType(), to);
    }
    to.endGroup();
  }

  /** A list in the three-level layout. */
  private static void items(JsonNode list, GroupType type, RecordConsumer to) {
    if (list.isEmpty()) {
      return;
    }
    Type middle = type.getType(0);
    Type item = middle.asGroupType().getType(0);
    to.startField(middle.getName(), 0);
    for (JsonNode value : list) {
      to.startGroup();
      if (!value.isNull()) {
        to.startField(item.getName(), 0);
        value(value, item, to);
        to.endField(item.getName(), 0);
      }
      to.endGroup();
    }
    to.endField(middle.getName(), 0);
  }

  private static void primitive(JsonNode value, Type type, RecordConsumer to) {
    switch (type.asPrimitiveType().getPrimitiveTypeName()) {
      case BINARY -> to.addBinary(Binary.fromConstantByteArray(bytes(value)));
      case INT64 -> to.addLong(value.longValue());
      case INT32 -> to.addInteger(value.intValue());
      case BOOLEAN -> to.addBoolean(value.booleanValue());
      case DOUBLE -> to.addDouble(value.doubleValue());
      case FLOAT -> to.addFloat(value.floatValue());
      case INT96, FIXED_LEN_BYTE_ARRAY ->
          throw new IllegalArgumentException(type.getName() + " is of a type that is not written");
    }
  }

  private static byte[] bytes(JsonNode value) {
    try {
      return value.isBinary()
          ? value.binaryValue()
          : value.asText().getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // never: only a text is decoded
    }
  }
}
