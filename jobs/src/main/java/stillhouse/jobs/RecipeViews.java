package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheOptions;
import stillhouse.conf.ConfFiles;
import stillhouse.data.View;
import stillhouse.train.Recipe;

/** The views that recipes draw, beside those of the data set's YAML. */
final class RecipeViews {
  @Option(
      names = "--recipe",
      split = ",",
      paramLabel = "NAME",
      description =
          "YAML files, or names of conf/recipes: the views that they draw count as if the"
              + " data set's YAML named them")
  private List<String> recipes = List.of();

  CacheOptions in(CacheOptions options) {
    return options.withViews(and(options.views()));
  }

  /** These views, and those that the recipes draw. */
  List<View> and(List<View> named) {
    List<View> views = new ArrayList<>(named);
    for (String recipe : recipes) {
      views.addAll(Recipe.load(ConfFiles.find("recipes", recipe)).augmentation().views());
    }
    return View.ordered(views);
  }
}
