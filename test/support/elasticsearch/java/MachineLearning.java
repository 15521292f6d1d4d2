package org.elasticsearch.xpack.ml;

import org.elasticsearch.license.License.OperationMode;
import org.elasticsearch.license.LicensedFeature;

/**
 * ES|QL asks this class of a module that is not on Maven Central (x-pack-ml) whether the licence covers CATEGORIZE and
 * CHANGE_POINT. Where the class is absent, asking ends the whole node; with it, the basic licence refuses the query.
 */
public final class MachineLearning {
  public static final LicensedFeature.Momentary CATEGORIZE_TEXT_AGG_FEATURE = platinum("categorize-text-agg");
  public static final LicensedFeature.Momentary CHANGE_POINT_AGG_FEATURE = platinum("change-point-agg");

  private MachineLearning() {}

  private static LicensedFeature.Momentary platinum(String name) {
    return LicensedFeature.momentary("machine-learning", name, OperationMode.PLATINUM);
  }
}
