# What one model's out-of-fold score adds to another's: anova of two stratified Cox models (survival).
# The two scores and the fold are columns of the veteran data, so that nothing is drawn here.
# Run in this folder: Rscript call.R
library(survival)
veteran <- read.csv(file.path("..", "survival", "data", "veteran.csv"))
veteran$fold <- (seq_len(nrow(veteran)) - 1) %% 4
veteran$old <- veteran$age / 10
veteran$new <- veteran$age / 10 - veteran$karno / 50
smaller <- coxph(Surv(time, status) ~ old + strata(fold), veteran, ties = "efron")
larger <- coxph(Surv(time, status) ~ old + I(new - old) + strata(fold), veteran, ties = "efron")
found <- anova(smaller, larger)
number <- function(x) formatC(x, digits = 15, format = "g", width = 1)
writeLines(sprintf('{"_versions": "R %s, survival %s", "chisq": %s, "df": %s, "p": %s, "coefficient": %s}',
  getRversion(), packageVersion("survival"), number(found$Chisq[2]), number(found$Df[2]),
  number(found[["Pr(>|Chi|)"]][2]), number(coef(larger)[2])), "expected.json")
