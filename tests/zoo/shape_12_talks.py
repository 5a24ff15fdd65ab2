# Shape 12: prints, logs and warns (tqdm, which writes to stderr with carriage returns, is imitated).
import logging
import sys
import warnings


def predict(live_features):
    print(f"predicting {len(live_features)} rows")
    logging.getLogger("model").warning("one feature is constant")
    warnings.warn("this will be an error in a later version", FutureWarning, stacklevel=1)
    for percent in range(0, 101, 10):
        sys.stderr.write(f"\r{percent:3d}%|{'#' * (percent // 10):10}|")
    sys.stderr.write("\n")
    return live_features.filter(like="feature_").mean(axis=1).rank(pct=True).to_frame("prediction")
