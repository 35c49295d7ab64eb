/** What a file must pass before it may take another's place. */
package stillhouse.canary;
