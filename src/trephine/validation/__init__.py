"""How a whole recipe is judged: resampling, optimism, a null model."""
