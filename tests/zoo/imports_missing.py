# Imports a module that is not there, when it is called.
# Seen: missing_module, with its name.


def predict(_live_features):
    import module_that_is_not_here

    return module_that_is_not_here
