"""Survival kernels on plain arrays; they know no patients and no files."""
