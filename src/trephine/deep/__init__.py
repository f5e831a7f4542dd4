"""Deep features: backbones, their weights, the crop they see and what they looked at."""
