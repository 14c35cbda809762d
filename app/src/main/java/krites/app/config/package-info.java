/**
 * Configuration text to validated records; the only room that knows the syntax of configuration
 * files.
 */
@NullMarked
package krites.app.config;

import org.jspecify.annotations.NullMarked;
