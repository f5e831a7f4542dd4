# Fits of glmnet: cv.glmnet with the same penalties and folds, or the path alone.
suppressPackageStartupMessages({library(glmnet); library(survival)})
input <- file("stdin"); open(input)
while (length(task <- readLines(input, n = 1))) {
  base <- sub("\\.npz$", "", task)
  table <- as.matrix(read.csv(paste0(base, ".csv")))
  grid <- scan(paste0(base, ".grid"), quiet = TRUE)
  thresh <- scan(paste0(base, ".thresh"), quiet = TRUE)
  x <- table[, -(1:3)]; y <- Surv(table[, 1], table[, 2]); folds <- table[, 3]
  began <- proc.time()[["elapsed"]]
  if (max(folds) > 0) {
    fit <- cv.glmnet(x, y, family = "cox", lambda = grid, foldid = folds, thresh = thresh, maxit = 1e7)$glmnet.fit
  } else {
    fit <- glmnet(x, y, family = "cox", lambda = grid, thresh = thresh, maxit = 1e7)
  }
  seconds <- proc.time()[["elapsed"]] - began
  write.table(t(as.matrix(coef(fit))), paste0(base, ".glmnet.csv"), sep = ",", row.names = FALSE, col.names = FALSE)
  cat(sprintf('{"seconds": %.4f}\n', seconds)); flush(stdout())
}
