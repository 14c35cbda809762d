/**
 * {@code krites chaos}: a job on several processes of this machine under a seeded plan of faults.
 */
@NullMarked
package krites.app.chaos;

import org.jspecify.annotations.NullMarked;
