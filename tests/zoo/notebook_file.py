# A Jupyter notebook saved as .pkl; somebody did.
# Seen: not_a_pickle, "a Jupyter notebook".
import json


def make(path):
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["!pip install numerapi"]}], "nbformat": 4}))
