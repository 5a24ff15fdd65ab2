"""YDF and treelite: forests that are held as bytes."""

import functools

import lightgbm
import treelite
import treelite.gtil
import ydf


def models(data):
    """Name every model with a function that fits it."""
    for learner in ("GradientBoostedTreesLearner", "RandomForestLearner", "CartLearner"):
        yield f"ydf-{learner}", functools.partial(by_ydf, data, learner)
    yield "treelite", functools.partial(by_treelite, data)


def by_ydf(data, learner):
    """Train by YDF."""
    ydf.verbose(0)
    options = {} if learner == "CartLearner" else {"num_trees": 10}
    frame = data.features.assign(target=data.target)
    learner = getattr(ydf, learner)(label="target", task=ydf.Task.REGRESSION, random_seed=0, num_threads=1, **options)
    saved = learner.train(frame).serialize()
    return lambda live: ydf.deserialize_model(saved).predict(live)


def by_treelite(data):
    """Hold LightGBM's trees in treelite's form."""
    parameters = {"objective": "regression", "num_leaves": 7, "seed": 0, "num_threads": 1, "verbose": -1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(data.features, data.target), 20)
    home = treelite.frontend if hasattr(treelite.frontend, "from_lightgbm") else treelite.Model  # 4, 3
    model = home.from_lightgbm(booster)
    saved = model.serialize_bytes()
    return lambda live: treelite.gtil.predict(treelite.Model.deserialize_bytes(saved), live.to_numpy(), nthread=1)
