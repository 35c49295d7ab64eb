package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheOptions;
import stillhouse.data.View;
import stillhouse.train.Recipe;

/** The views that recipes draw, to be cached beside those of the data set's YAML. */
final class RecipeViews {
  @Option(
      names = "--recipe",
      split = ",",
      paramLabel = "NAME",
      description =
          "YAML files, or names of conf/recipes: the views that they draw are cached too, as if the"
              + " data set's YAML named them")
  private List<String> recipes = List.of();

  CacheOptions in(CacheOptions options) {
    List<View> views = new ArrayList<>(options.views());
    for (String recipe : recipes) {
      views.addAll(Recipe.load(ConfFiles.find("recipes", recipe)).augmentation().views());
    }
    return options.withViews(views);
  }
}
