"""Models that learn from cases: Cox, penalised Cox, signatures, nomograms, the recipe."""
