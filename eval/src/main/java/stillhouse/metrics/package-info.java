/**
 * IoU, Dice and boundary IoU as integer counts: exact, mergeable, the same for any partitioning.
 *
 * <p>Decided once, for every metric: classes are foreground classes 1…K, background has no score of
 * its own; a class absent from truth and prediction is left out of every mean, not counted as 0 or
 * 1; a pixel that either mask labels {@link stillhouse.data.ClassMask#IGNORE} counts nowhere, and
 * what stands under it changes nothing.
 */
package stillhouse.metrics;
