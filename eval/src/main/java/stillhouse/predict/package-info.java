/** Runs the artefact that ships over samples, as a Spark job, and scores what it answers. */
package stillhouse.predict;
