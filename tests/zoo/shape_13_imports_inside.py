# Shape 13: imports what it needs when it is called, scipy among it.


def predict(live_features):
    import pandas as pd
    from scipy.stats import norm, rankdata

    raw = live_features.filter(like="feature_").iloc[:, ::2].sum(axis=1)
    gauss = norm.ppf((rankdata(raw) - 0.5) / len(raw))
    return pd.DataFrame({"prediction": norm.cdf(gauss)}, index=live_features.index)
