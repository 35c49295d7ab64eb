/**
 * SAM's prompt encoder and two-way mask decoder: how a promptable student, or a promptable teacher
 * while a student learns, answers points, boxes and masks from an image's embedding.
 */
package stillhouse.decoder;
