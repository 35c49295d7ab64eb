/** A student of points alone that asks itself: where to ask, and what its answers come to. */
package stillhouse.points;
