"""statsmodels: linear and generalized models, of arrays and of formulas; and series in time."""

import functools

import numpy as np
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.tsa.api import ARIMA, ExponentialSmoothing

FORMULA = "target ~ feature_0 + I(feature_1 ** 2) + C(feature_2)"


def models(data):
    """Name every model with a function that fits it."""
    exog, target, binary = sm.add_constant(data.features), data.target, (data.classes > 2).astype(float)
    weights = np.linspace(0.5, 1, len(target))
    arrays = {
        "OLS": lambda: sm.OLS(target, exog).fit(),
        "OLS-regularized": lambda: sm.OLS(target, exog).fit_regularized(alpha=0.01),
        "WLS": lambda: sm.WLS(target, exog, weights=weights).fit(),
        "GLS": lambda: sm.GLS(target, exog, sigma=weights).fit(),
        "GLSAR": lambda: sm.GLSAR(target, exog, 1).iterative_fit(3),
        "RLM": lambda: sm.RLM(target, exog).fit(),
        "QuantReg": lambda: sm.QuantReg(target, exog).fit(q=0.6),
        "Logit": lambda: sm.Logit(binary, exog).fit(disp=0),
        "Probit": lambda: sm.Probit(binary, exog).fit(disp=0),
        "MNLogit": lambda: sm.MNLogit(data.classes, exog).fit(disp=0),
        "Poisson": lambda: sm.Poisson(data.classes, exog).fit(disp=0),
        "NegativeBinomial": lambda: sm.NegativeBinomial(data.classes, exog).fit(disp=0),
        "GEE": lambda: sm.GEE(target, exog, groups=np.arange(300) // 100).fit(),
        "MixedLM": lambda: sm.MixedLM(target, exog, groups=np.arange(300) // 100).fit(),
    }
    for family in ("Gaussian", "Binomial", "Poisson", "Tweedie", "Gamma"):
        arrays[f"GLM-{family}"] = functools.partial(glm, target + (family == "Gamma"), exog, family)
    for name, fit in arrays.items():
        yield name, functools.partial(with_constant, fit)
    frame = data.features.assign(target=target, binary=binary, era=np.arange(300) // 100)
    for name, fit in formulas(frame).items():
        yield f"formula-{name}", functools.partial(of_features, fit)
    series = target.to_numpy()
    yield "ARIMA", functools.partial(forecasting, lambda: ARIMA(series, order=(2, 0, 1)).fit())
    yield (
        "ExponentialSmoothing",
        functools.partial(forecasting, lambda: ExponentialSmoothing(series, trend="add").fit()),
    )


def glm(target, exog, family):
    """Fit a generalized linear model."""
    return sm.GLM(target, exog, family=getattr(sm.families, family)()).fit()


def formulas(frame):
    """Models whose columns a formula makes, when they are fitted and when they are asked."""
    return {
        "ols": lambda: smf.ols(FORMULA, frame).fit(),
        "with-function": lambda: smf.ols("target ~ feature_0 + np.log1p(feature_1)", frame).fit(),
        "glm": lambda: smf.glm(FORMULA, frame, family=sm.families.Gaussian()).fit(),
        "logit": lambda: smf.logit(FORMULA.replace("target", "binary"), frame).fit(disp=0),
        "quantreg": lambda: smf.quantreg(FORMULA, frame).fit(q=0.6),
        "mixedlm": lambda: smf.mixedlm(FORMULA, frame, groups="era").fit(),
    }


def with_constant(fit):
    """Ask a model of arrays."""
    result = fit()
    return lambda live_features: result.predict(sm.add_constant(live_features, has_constant="add"))


def of_features(fit):
    """Ask a model of a formula."""
    result = fit()
    return lambda live_features: result.predict(live_features)


def forecasting(fit):
    """Ask a series in time for as many steps as there are rows."""
    result = fit()
    return lambda live_features: result.forecast(len(live_features))
