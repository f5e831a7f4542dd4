"""Facts, tables, figures and pages made from results; nothing here computes a statistic."""
