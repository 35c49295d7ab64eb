package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.HadoopImages;
import stillhouse.predict.Cascade;
import stillhouse.predict.CascadeCost;
import stillhouse.predict.CascadePoint;
import stillhouse.predict.CascadeTeacher;
import stillhouse.predict.OnnxSource;
import stillhouse.predict.Uncertainty;

/** Finds a threshold for each reading of uncertainty on one split, and reports it on another. */
final class CascadeJob {
  private static final int STEPS = 100; // of a curve: one a percent of the images

  private final SparkSession spark;
  private final RootOption root;
  private final TestSamples validation;
  private final TestSamples test;
  private final AskedTeacher teacher;
  private final List<Uncertainty> readings;
  private final CascadeTarget target;

  CascadeJob(
      SparkSession spark,
      RootOption root,
      TestSamples validation,
      TestSamples test,
      AskedTeacher teacher,
      List<Uncertainty> readings,
      CascadeTarget target) {
    this.spark = spark;
    this.root = root;
    this.validation = validation;
    this.test = test;
    this.teacher = teacher;
    this.readings = List.copyOf(readings);
    this.target = target;
  }

  /**
   * @param name of the run
   * @throws IllegalStateException where images came or went while it ran
   */
  CascadeReport run(String name, OnnxSource student) {
    Cascade found = measured(name, student, validation);
    Cascade reported = measured(name, student, test);
    List<CascadeReport.Line> lines = new ArrayList<>();
    for (Uncertainty by : readings) {
      List<CascadePoint> curve =
          found.curve(spark, by, found.thresholds(spark, by, STEPS)); // of what is reported, too,
      List<CascadePoint> told = // at the same thresholds
          reported.curve(spark, by, curve.stream().mapToDouble(CascadePoint::threshold).toArray());
      Optional<CascadePoint> chosen = target.choose(curve);
      Optional<CascadePoint> there = chosen.map(p -> told.get(curve.indexOf(p)));
      lines.add(new CascadeReport.Line(by, curve, told, chosen, there));
    }
    validation.requireAll(name, lines.get(0).found().get(0).images());
    List<CascadePoint> ends = lines.get(0).reported(); // the same for every reading
    test.requireAll(name, ends.get(0).images());
    return new CascadeReport(
        name,
        student.digest().hex(),
        teacher,
        CascadeSplit.of(validation),
        CascadeSplit.of(test),
        target,
        ends.get(ends.size() - 1),
        ends.get(0),
        new CascadeCost(
            StudentScoring.latency(student).p50Millis(),
            teacher.latency().encoder(),
            teacher.latency().prompt()),
        lines);
  }

  private Cascade measured(String name, OnnxSource student, TestSamples samples) {
    String table = root.imageTable(name, "cascade-" + samples.split());
    Cascade cascade = new Cascade(samples.dataset().classes(), table);
    cascade.measure(
        spark,
        samples.rows(),
        student,
        new CascadeTeacher(samples.teacherLogits(), teacher.prompts()),
        HadoopImages.of(spark));
    return cascade;
  }
}
