"""CatBoost: its losses and kinds of trees."""

import functools

import catboost
from data import asking

LOSSES = ("RMSE", "MAE", "Quantile:alpha=0.7", "Huber:delta=0.5", "Poisson", "Tweedie:variance_power=1.5")
SMALL = {"iterations": 20, "depth": 3, "random_seed": 0, "thread_count": 1, "verbose": 0, "allow_writing_files": False}


def models(data):
    """Name every model with a function that fits it."""
    for loss in LOSSES:
        name = f"CatBoostRegressor-{loss.partition(':')[0]}"
        yield name, functools.partial(regressor, data, loss_function=loss)
    for policy in ("Depthwise", "Lossguide"):
        yield f"CatBoostRegressor-{policy}", functools.partial(regressor, data, grow_policy=policy)
    yield "CatBoostRegressor-categories", functools.partial(categories, data)
    yield "CatBoostRegressor-two-targets", functools.partial(two_targets, data)
    yield "CatBoostClassifier-binary", functools.partial(classifier, data, data.classes > 2)
    yield "CatBoostClassifier-multiclass", functools.partial(classifier, data, data.classes)
    yield "CatBoostRanker", functools.partial(ranker, data)
    yield "CatBoost", lambda: asking(catboost.CatBoost(SMALL | {"loss_function": "RMSE"}).fit(pool(data)))


def pool(data):
    """The training data in CatBoost's own shape."""
    return catboost.Pool(data.features, data.target)


def regressor(data, **how):
    """Fit a regressor."""
    return asking(catboost.CatBoostRegressor(**SMALL, **how).fit(data.features, data.target))


def categories(data):
    """Fit on a categorical column, which predictions have to get as well."""
    model = catboost.CatBoostRegressor(**SMALL, cat_features=["feature_0"])
    model.fit(data.features.astype({"feature_0": str}), data.target)
    return lambda live_features: model.predict(live_features.astype({"feature_0": str}))


def two_targets(data):
    """Fit a regressor of two targets."""
    return asking(catboost.CatBoostRegressor(**SMALL, loss_function="MultiRMSE").fit(data.features, data.pair))


def classifier(data, classes):
    """Fit a classifier."""
    return asking(catboost.CatBoostClassifier(**SMALL).fit(data.features, classes), "predict_proba")


def ranker(data):
    """Fit a ranker on three eras."""
    eras = [row // 100 for row in range(300)]
    return asking(catboost.CatBoostRanker(**SMALL).fit(data.features, data.target, group_id=eras))
