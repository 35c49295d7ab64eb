/** The evaluation of a workspace as one HTML page that needs nothing beside itself. */
package stillhouse.htmlreport;
