"""LightGBM: its objectives and boosting types, through scikit-learn's API and as boosters."""

import functools

import lightgbm
import numpy
from data import asking

OBJECTIVES = ("regression", "l1", "huber", "fair", "poisson", "quantile", "mape", "tweedie", "cross_entropy")
BOOSTING = ("gbdt", "dart", "rf", "goss")
SMALL = {"n_estimators": 20, "num_leaves": 7, "random_state": 0, "n_jobs": 1, "verbose": -1}
"""As little as is still a forest."""

ALPHA = {"quantile": {"alpha": 0.6}}
"""Of its default, the targets' quantile is a constant."""


def models(data):
    """Name every model with a function that fits it."""
    for objective in OBJECTIVES:
        yield (
            f"LGBMRegressor-{objective}",
            functools.partial(regressor, data, objective=objective, **ALPHA.get(objective, {})),
        )
        yield f"Booster-{objective}", functools.partial(booster, data, objective)
    for kind in BOOSTING:
        yield f"LGBMRegressor-{kind}", functools.partial(regressor, data, boosting_type=kind)
    yield "LGBMRegressor-linear-tree", functools.partial(regressor, data, linear_tree=True)
    yield "LGBMRegressor-own-objective", functools.partial(regressor, data, objective=squared)
    yield "LGBMRegressor-categories", functools.partial(categories, data)
    yield "LGBMClassifier-binary", functools.partial(classifier, data, data.classes > 2)
    yield "LGBMClassifier-multiclass", functools.partial(classifier, data, data.classes)
    yield "LGBMRanker", functools.partial(ranker, data)


def regressor(data, **how):
    """Fit a regressor."""
    bagging = {"subsample": 0.5, "subsample_freq": 1} if how.get("boosting_type") == "rf" else {}
    return asking(lightgbm.LGBMRegressor(**SMALL, **bagging, **how).fit(data.features, data.target))


def squared(target, predicted):
    """The gradient and the hessian of an own objective."""
    return predicted - target, numpy.ones_like(target)


def categories(data):
    """Fit on a categorical column, which predictions have to get as well."""
    model = lightgbm.LGBMRegressor(**SMALL)
    model.fit(data.features.astype({"feature_0": "category"}), data.target)
    return lambda live_features: model.predict(live_features.astype({"feature_0": "category"}))


def classifier(data, classes):
    """Fit a classifier."""
    return asking(lightgbm.LGBMClassifier(**SMALL).fit(data.features, classes), "predict_proba")


def ranker(data):
    """Fit a ranker on three eras."""
    return asking(lightgbm.LGBMRanker(**SMALL).fit(data.features, data.classes, group=[100, 100, 100]))


def booster(data, objective):
    """Train a booster."""
    parameters = {"objective": objective, "num_leaves": 7, "seed": 0, "num_threads": 1, "verbose": -1}
    parameters |= ALPHA.get(objective, {})
    return asking(lightgbm.train(parameters, lightgbm.Dataset(data.features, data.target), 20))
