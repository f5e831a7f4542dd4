"""PyRadiomics' extractor, under PyRadiomics' name of its module."""

from trephine.radiomics.featureextractor import RadiomicsFeatureExtractor

__all__ = ["RadiomicsFeatureExtractor"]
