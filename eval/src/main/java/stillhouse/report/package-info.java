/** Pictures for people: what a network saw, said and got wrong. */
package stillhouse.report;
