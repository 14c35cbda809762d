package krites.app.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import org.jspecify.annotations.NullMarked;

/** The condition that a class lies in a package whose package-info says {@code @NullMarked}. */
final class NullMarkedPackages {
  static final ArchCondition<JavaClass> SHOULD_BE_NULL_MARKED =
      new ArchCondition<>("lie in a null-marked package") {
        @Override
        public void check(JavaClass type, ConditionEvents events) {
          if (!type.getPackage().isAnnotatedWith(NullMarked.class)) {
            events.add(
                SimpleConditionEvent.violated(
                    type, type.getPackageName() + " has no @NullMarked package-info.java"));
          }
        }
      };

  private NullMarkedPackages() {}
}
