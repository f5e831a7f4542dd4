"""Cox models, penalised paths and nomograms on arrays."""
