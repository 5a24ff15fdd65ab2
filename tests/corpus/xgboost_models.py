"""XGBoost: its objectives, boosters and tree methods, through scikit-learn's API and as boosters."""

import functools

import xgboost
from data import asking

OBJECTIVES = ("reg:squarederror", "reg:logistic", "reg:pseudohubererror", "count:poisson", "reg:tweedie")
SMALL = {"n_estimators": 20, "max_depth": 3, "random_state": 0, "n_jobs": 1}


def models(data):
    """Name every model with a function that fits it."""
    for objective in OBJECTIVES:
        yield f"XGBRegressor-{objective.replace(':', '-')}", functools.partial(regressor, data, objective=objective)
        yield f"Booster-{objective.replace(':', '-')}", functools.partial(booster, data, objective)
    for kind in ("dart", "gblinear"):
        yield f"XGBRegressor-{kind}", functools.partial(regressor, data, booster=kind)
    for method in ("exact", "approx", "hist"):
        yield f"XGBRegressor-{method}", functools.partial(regressor, data, tree_method=method)
    yield "XGBRFRegressor", lambda: asking(xgboost.XGBRFRegressor(**SMALL).fit(data.features, data.target))
    yield "XGBClassifier-binary", functools.partial(classifier, data, (data.classes > 2).astype(int))
    yield "XGBClassifier-multiclass", functools.partial(classifier, data, data.classes)
    yield "XGBRanker", functools.partial(ranker, data)


def regressor(data, **how):
    """Fit a regressor."""
    depth = {"max_depth": None} if how.get("booster") == "gblinear" else {}
    return asking(xgboost.XGBRegressor(**(SMALL | depth | how)).fit(data.features, data.target))


def classifier(data, classes):
    """Fit a classifier."""
    return asking(xgboost.XGBClassifier(**SMALL).fit(data.features, classes), "predict_proba")


def ranker(data):
    """Fit a ranker on three eras."""
    return asking(xgboost.XGBRanker(**SMALL).fit(data.features, data.classes, group=[100, 100, 100]))


def booster(data, objective):
    """Train a booster."""
    matrix = xgboost.DMatrix(data.features, data.target)
    model = xgboost.train({"objective": objective, "max_depth": 3, "seed": 0, "nthread": 1}, matrix, 20)
    return lambda live_features: model.predict(xgboost.DMatrix(live_features))
