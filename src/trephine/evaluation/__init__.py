"""How well a model predicts: discrimination, calibration, clinical use, resampling."""
