package stillhouse.jobs;

import stillhouse.conf.ConfigException;

/** A job that a misspelt name can be seen of before the jobs ahead of it in a batch have run. */
interface Foreseeing {
  /**
   * Loads the files that are named; a path where nothing lies yet is left alone, since a job ahead
   * may write it.
   *
   * @throws ConfigException where one is not there, or not valid
   */
  void requireNamed();
}
