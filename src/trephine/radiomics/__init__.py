"""The radiomics engine: PyRadiomics' numbers from fused passes over the region of interest."""
