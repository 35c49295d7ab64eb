package stillhouse.predict;

/**
 * What an answer takes on one machine, in milliseconds.
 *
 * @param student for an image
 * @param encoder of the teacher, for an image that it is asked about
 * @param prompt of the teacher's decoder, for a prompt; 0 of a teacher that takes none
 */
public record CascadeCost(double student, double encoder, double prompt) {}
