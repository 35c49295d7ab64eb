/**
 * The teacher as a stage of Spark ML. The package is called after the Python module of the same
 * path, {@code stillhouse.spark}: PySpark finds a saved stage's class there.
 */
package stillhouse.spark;
