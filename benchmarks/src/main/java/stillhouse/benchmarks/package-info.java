/** JMH benchmarks of the numeric kernels, and the program that peers in Python are paired with. */
package stillhouse.benchmarks;
