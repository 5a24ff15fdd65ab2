"""Every estimator of scikit-learn that can predict or stand before one that does, by its own list of them."""

import functools
import inspect

import numpy
from data import asking
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

LEFT_OUT = {
    *("CountVectorizer", "TfidfVectorizer", "HashingVectorizer", "DictVectorizer", "FeatureHasher"),  # texts, dicts
    *("LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer"),  # targets
    *("PatchExtractor", "KernelCenterer"),  # pictures, kernels
    *("DummyClassifier", "DummyRegressor", "MissingIndicator"),  # constants, on this data
    "PLSSVD",  # transforms the target, too: in no pipeline
}

ARGUMENTS = {
    "BayesianGaussianMixture": {"n_components": 3},
    "BernoulliNB": {"binarize": 0.5},
    "DictionaryLearning": {"n_components": 4, "max_iter": 20},
    **{name: {"alpha": 0.01} for name in ("ElasticNet", "Lasso", "LassoLars", "QuantileRegressor")},
    **{name: {"alpha": 0.01} for name in ("MultiTaskElasticNet", "MultiTaskLasso")},
    "FunctionTransformer": {"func": numpy.log1p},
    "GaussianMixture": {"n_components": 3},
    "GaussianRandomProjection": {"n_components": 4},
    "GenericUnivariateSelect": {"param": 50},
    "LocalOutlierFactor": {"novelty": True},
    "MiniBatchDictionaryLearning": {"n_components": 4, "max_iter": 20},
    "MeanShift": {"bandwidth": 0.8},
    "RadiusNeighborsClassifier": {"radius": 2.0},
    "RadiusNeighborsRegressor": {"radius": 1.0},
    "SelectFdr": {"alpha": 0.5},
    "SelfTrainingClassifier": {"estimator": LogisticRegression()},
    "SparseRandomProjection": {"n_components": 4},
    "TransformedTargetRegressor": {"func": numpy.sqrt, "inverse_func": numpy.square},
    "VotingClassifier": {"voting": "soft"},
}
"""What an estimator needs on this data, beyond its defaults."""

TWO_TARGETS = ("MultiTask", "MultiOutput", "CCA", "PLSCanonical", "ClassifierChain", "RegressorChain")
TWO_CLASSES = ("FixedThreshold", "TunedThreshold")


def models(data):
    """Name every model with a function that fits it."""
    for name, kind in all_estimators():
        if name not in LEFT_OUT and is_of_use(kind):
            yield name, functools.partial(fitted, name, kind, data)
    for name, model in COMBINED.items():
        yield name, functools.partial(asked, model, data)


COMBINED = {
    "pipeline-scaled-forest": make_pipeline(StandardScaler(), RandomForestRegressor(20, random_state=0)),
    "pipeline-polynomials": make_pipeline(PolynomialFeatures(2), Ridge()),
    "columns": make_pipeline(
        ColumnTransformer([("scaled", StandardScaler(), ["feature_0"])], remainder="passthrough"), Ridge()
    ),
    "quantile-target": TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer(n_quantiles=50)),
}


def asked(model, data):
    """Fit a model that needs nothing special."""
    return asking(model.fit(data.features, data.target))


def is_of_use(kind):
    """Tell whether an estimator can predict, or transform what another predicts from."""
    return any(hasattr(kind, method) for method in ("predict", "transform", "score_samples"))


def fitted(name, kind, data):
    """Fit one estimator as what it is."""
    model = kind(**arguments(name, kind))
    if not hasattr(model, "predict") and hasattr(model, "transform"):
        model = make_pipeline(model, Ridge())
    columns = ["feature_0"] if name == "IsotonicRegression" else None
    model.fit(data.features[columns] if columns else data.features, target(name, kind, data))
    if issubclass(kind, ClassifierMixin) or "Mixture" in name:
        methods = ("predict_proba", "decision_function", "predict")
    else:
        methods = ("predict",) if issubclass(kind, RegressorMixin) else ("score_samples", "predict")
    return asking(model, next(method for method in methods if hasattr(model, method)), columns)


def target(name, kind, data):
    """Return what an estimator is fitted to."""
    if name.startswith(TWO_TARGETS):
        return data.pair > 2 if name == "ClassifierChain" else data.pair
    if name.startswith(TWO_CLASSES):
        return data.classes > 2
    if name == "GammaRegressor":
        return data.target + 1
    return data.target if issubclass(kind, RegressorMixin) else data.classes


def arguments(name, kind):
    """Return what to construct an estimator with: what it demands, and a seed."""
    classifies = issubclass(kind, ClassifierMixin)
    inner = LogisticRegression() if classifies else Ridge()
    tree = DecisionTreeClassifier(max_depth=3) if classifies else DecisionTreeRegressor(max_depth=3)
    transformers = [("scaled", StandardScaler()), ("squared", PolynomialFeatures(2))]
    values = {"alpha": [0.1, 1.0, 10.0]}
    demanded = {
        "estimator": inner,
        "base_estimator": inner,
        "estimators": [("linear", inner), ("tree", tree)],
        "param_grid": values,
        "param_distributions": values,
        "transformers": [("scaled", StandardScaler(), ["feature_0", "feature_1"])],
        "transformer_list": transformers,
        "steps": [*transformers, ("model", Ridge())],
        "dictionary": numpy.eye(8)[:4],
    }
    parameters = inspect.signature(kind).parameters
    needed = {
        key: demanded[key] for key, value in parameters.items() if value.default is value.empty and key in demanded
    }
    if name == "RandomizedSearchCV":
        needed |= {"n_iter": 3}
    return needed | ({"random_state": 0} if "random_state" in parameters else {}) | ARGUMENTS.get(name, {})
