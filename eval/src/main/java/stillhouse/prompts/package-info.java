/** How well a promptable network does when it is asked by points, boxes and further clicks. */
package stillhouse.prompts;
